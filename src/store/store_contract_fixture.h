// StoreContract: the fixture of the contract of stores (store_contract.h), and what makes the store
// that a binary tests.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "store/dao.h"
#include "store/store.h"
#include "store/store_test_util.h"
#include "util/string_util.h"

namespace silverback::store {

struct StoreFactory {
  std::string name;
  // A store without rows whose clock reads `*now`.
  std::function<std::unique_ptr<Store>(std::shared_ptr<std::atomic<double>> now)> make;
};

class StoreContract : public testing::TestWithParam<StoreFactory> {
 protected:
  void SetUp() override {
    now_ = std::make_shared<std::atomic<double>>(NowWithMillis());
    store_ = GetParam().make(now_);
    ASSERT_TRUE(store_);
    dao_ = std::make_unique<Dao>(TestCatalog(), *store_, &sink_);
  }

  Json Make(std::string_view entity, Json input) {
    auto row = dao_->Insert(entity, std::move(input));
    EXPECT_TRUE(row) << row.error().message();
    return row ? *std::move(row) : Json();
  }
  Json Get(std::string_view entity, const Json& row) {
    auto found = dao_->Select(entity, {"", row["id"]});
    EXPECT_TRUE(found) << found.error().message();
    return found && *found ? **found : Json();
  }
  static Json Ref(const Json& row) { return {{"id", row["id"]}}; }

  std::shared_ptr<std::atomic<double>> now_;
  std::unique_ptr<Store> store_;
  CollectingSink sink_;
  std::unique_ptr<Dao> dao_;
};

}  // namespace silverback::store
