// ReplicaStore: the node's replica as a read-only Store. What a node without a database answers its
// Admin API from: every worker sees the same rows, those that the node serves by.
//
// Threads: any. The replica outlives the store. Writes are refused (kOperationUnsupported); the Dao
// does so before, after validation.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "replica/replica.h"
#include "store/store.h"

namespace silverback::runtime {

class ReplicaStore final : public store::Store {
 public:
  // `clock`: seconds since the epoch.
  ReplicaStore(const replica::Replica& replica, std::function<double()> clock);

  Result<std::unique_ptr<store::Transaction>> Begin(Mode mode) override;
  std::string_view strategy() const override { return "off"; }
  Status Ping() override { return Ok(); }
  std::string Version() const override { return ""; }

 private:
  class ReadOnly;
  const replica::Replica& replica_;
  const std::function<double()> clock_;
};

}  // namespace silverback::runtime
