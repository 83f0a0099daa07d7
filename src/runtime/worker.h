// Worker: one nginx worker's view of the configuration: the current snapshot, and the thread that
// builds the next one when the generation moves. The event loop never waits for it.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "runtime/shared_state.h"
#include "runtime/snapshot.h"

namespace silverback::runtime {

class Worker {
 public:
  struct Setup {
    const entity::Catalog& catalog;
    const replica::Replica& replica;
    SharedState& shared;
    plugin::PluginEnv& env;
    // Runs the function on the event loop soon; may be called from any thread.
    std::function<void(std::function<void()>)> post;
    // On the event loop, after each swap and after the first snapshot; may be empty.
    std::function<void(const Snapshot&)> swapped;
  };
  explicit Worker(Setup setup);
  ~Worker();

  // Reads the first configuration (blocking: before the worker accepts connections) and starts the
  // builder's thread.
  Status Start();
  // Ends the thread and leaves the node's list of workers. The snapshot stays for requests that are
  // under way.
  void Stop();

  const std::shared_ptr<const Snapshot>& snapshot() const { return snapshot_; }

 private:
  void BuilderLoop();
  void BuildAndPost();
  // What a snapshot that is served by no more leaves: taken apart by the builder's thread, except
  // for plugin objects, which go on the event loop.
  struct Old {
    std::shared_ptr<const Snapshot> snapshot;
    std::vector<std::shared_ptr<const PluginSlot>> retired;
  };
  void Swap(std::shared_ptr<const Snapshot> next);
  void Retire(Old old);
  void FreeOld();
  void ReturnMemory(bool freed);
  void StaySmall();
  void LetGoOnLoop(Old old);

  Setup setup_;
  SnapshotBuilder builder_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::mutex old_mutex_;
  std::deque<Old> old_;                                                  // the oldest first
  std::optional<std::chrono::steady_clock::time_point> memory_left_at_;  // by what was freed
  std::chrono::steady_clock::time_point looked_at_memory_{};
  std::atomic<uint64_t> built_{0};
  std::atomic<bool> stopping_{false};
  int slot_ = -1;
  std::thread thread_;
  // Tells posted functions whether the worker still exists.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Whether workers must build their next snapshot now. kNobody: for changes of what no snapshot
// holds; many of them then cost one build.
enum class Wake { kBuilders, kNobody };

// Makes what the replica holds known to all workers: each kind's version, then the generation.
// After a commit to the replica by this process, or by another one (an import from the command
// line).
void PublishReplica(const entity::Catalog& catalog, const replica::ReadTransaction& read,
                    SharedState& shared, Wake wake = Wake::kBuilders);

}  // namespace silverback::runtime
