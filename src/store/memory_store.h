// MemoryStore: rows in maps. For tests, and as the holder of a declarative configuration: with
// strategy "off" the Dao refuses writes, and Replace swaps the whole content at once.
//
// Threads: any; a write transaction excludes all others, a read transaction excludes writers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "entity/catalog.h"
#include "store/store.h"

namespace silverback::store {

class MemoryStore final : public Store {
 public:
  using Clock = std::function<double()>;  // seconds since the epoch
  explicit MemoryStore(std::string strategy = "memory", Clock clock = nullptr);
  ~MemoryStore() override;

  Result<std::unique_ptr<Transaction>> Begin(Mode mode) override;
  std::string_view strategy() const override { return strategy_; }
  Status Ping() override { return Ok(); }
  std::string Version() const override { return "memory"; }

  struct Entity {
    const schema::Schema* schema;
    std::vector<Json> rows;
  };
  // Makes `entities` the whole content, at once. Rows are taken as they are: of two with the same
  // unique value the later one is found by it.
  void Replace(std::vector<Entity> entities);

 private:
  struct Impl;
  class MemoryTransaction;
  const std::string strategy_;
  std::unique_ptr<Impl> impl_;
};

// A MemoryStore for those who need no more than a Store.
std::unique_ptr<Store> NewMemoryStore(std::string strategy);

}  // namespace silverback::store
