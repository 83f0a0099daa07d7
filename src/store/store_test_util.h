// What tests of stores and of what stands on them share.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "store/dao.h"

namespace silverback::store {

// Keeps what the Dao tells of.
class CollectingSink final : public ChangeSink {
 public:
  void Committed(const std::vector<Change>& changes) override {
    all.insert(all.end(), changes.begin(), changes.end());
  }
  // "routes -ID" for a deleted row, "routes +ID" otherwise.
  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const Change& change : all) {
      names.insert(change.schema->name() + (change.row ? " +" : " -") + change.primary_key);
    }
    return names;
  }
  std::vector<Change> all;
};

inline const entity::Catalog& TestCatalog() {
  static const auto& catalog = *new std::unique_ptr<entity::Catalog>([] {
    std::vector<std::string> plugins;
    for (std::string_view name : entity::Catalog::BundledPlugins()) plugins.emplace_back(name);
    auto made = entity::Catalog::Create(plugins);
    EXPECT_TRUE(made) << made.error().message();
    return *std::move(made);
  }());
  return *catalog;
}

}  // namespace silverback::store
