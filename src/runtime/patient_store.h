// PatientStore: a store that is opened when it is first needed, and again until that works: a node
// whose datastore cannot be opened at its start serves from the replica meanwhile. Any thread;
// every call may block, as with the store inside.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "store/store.h"

namespace silverback::runtime {

class PatientStore final : public store::Store {
 public:
  using Open = std::function<Result<std::unique_ptr<store::Store>>()>;
  PatientStore(std::string strategy, Open open)
      : strategy_(std::move(strategy)), open_(std::move(open)) {}

  // Errors: kUnavailable while the store cannot be opened.
  Result<std::unique_ptr<store::Transaction>> Begin(Mode mode) override;
  std::string_view strategy() const override { return strategy_; }
  Status Ping() override;
  std::string Version() const override;
  Status Tell(const std::vector<store::ClusterEvent>& events) override;
  Result<std::vector<int64_t>> CountUsage(const std::vector<store::UsageCount>& counts) override;
  // Null also while the store cannot be opened.
  std::unique_ptr<store::ChangeFeed> Feed() override;

 private:
  Result<store::Store*> Opened() const;

  const std::string strategy_;
  const Open open_;
  mutable std::mutex mutex_;
  mutable std::unique_ptr<store::Store> store_;
};

}  // namespace silverback::runtime
