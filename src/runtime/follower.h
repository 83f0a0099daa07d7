// Follower: the one thread of a node that keeps its replica up to a store that other nodes share:
// it hears of their changes, makes up for what it missed, and cleans up what has expired. Each
// worker has one; a lock in the node's replica lets a single one follow, and another one takes over
// when that worker ends. The data path never waits for it: with the store gone the node goes on as
// it is.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "entity/catalog.h"
#include "replica/replica.h"
#include "runtime/change_applier.h"
#include "runtime/node_position.h"
#include "runtime/role_lock.h"
#include "runtime/shared_state.h"
#include "runtime/synchroniser.h"
#include "store/dao.h"

namespace silverback::runtime {

class Follower {
 public:
  enum class Severity { kDebug, kNotice, kWarning };
  struct Setup {
    const entity::Catalog& catalog;
    store::Store& store;
    replica::Replica& replica;
    store::Dao& dao;  // for cleaning up
    SharedState& shared;
    std::string lock_path;
    // How often to look without having been woken (db_update_frequency).
    std::chrono::milliseconds interval{5000};
    // True: this process is about to end and leaves the role to another one. Any thread.
    std::function<bool()> leaving;
    // Lines for the error log. Any thread.
    std::function<void(Severity, std::string_view message)> log;
    // What other nodes tell that is not about rows (health of targets). On the follower's thread.
    // May be empty.
    std::function<void(const store::ClusterEvent&)> heard;
  };
  explicit Follower(Setup setup);
  ~Follower() { Stop(); }

  void Start();
  void Stop();

 private:
  void Run();
  void Follow();
  void StepOnce(store::ChangeFeed& feed);
  Status Heed(const store::ChangeFeed::Batch& batch);
  Status CatchUp(const std::string& feed_position);
  void PassOn(const store::ChangeFeed::Batch& batch);
  void Publish();
  void CleanUp(store::ChangeFeed* feed);
  void Failed(const Error& error);
  void Works();
  bool Over() const;
  void Pause(std::chrono::milliseconds time);
  std::string Text(const std::string& feed_position) const;

  const Setup setup_;
  RoleLock role_;
  Synchroniser synchroniser_;
  ChangeApplier applier_;
  NodePosition position_;
  std::string saved_feed_;  // as the replica has it
  std::chrono::steady_clock::time_point saved_at_{}, cleaned_at_{}, failing_since_{};
  int failures_ = 0;  // in a row
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace silverback::runtime
