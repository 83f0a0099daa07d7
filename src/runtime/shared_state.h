// SharedState: what the workers of a node tell each other, in memory that they all map (an nginx
// shared zone; plain memory in tests). Fixed layout, atomics only, no pointers; survives reloads.
// Any process and thread may call any function.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace silverback::runtime {

constexpr int kMaxKinds = 128;
constexpr size_t kCacheMarks = 16384;
constexpr int kMaxWorkers =
    512;  // living ones, those that finish their requests after a reload included

class SharedState {
 public:
  // Makes a SharedState in `memory` of at least sizeof(SharedState) zeroed or garbage bytes.
  static SharedState* Create(void* memory);

  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  // The generation that last changed this kind of entity (entity::Catalog::KindIndex).
  uint64_t version(int kind) const { return versions_[kind].load(std::memory_order_acquire); }

  // Called after the replica was committed: first the versions, then the generation. Numbers never
  // go back.
  void SetVersion(int kind, uint64_t version);
  void SetGeneration(uint64_t generation);  // wakes WaitForGeneration
  // For what no worker has to build anything for: they find out when they look the next time.
  void SetGenerationQuietly(uint64_t generation);

  // Blocks until a generation > `seen` was set that was not set quietly, Wake() is called, or the
  // time is over; whether there is such a generation. Only for threads that may block.
  bool WaitForGeneration(uint64_t seen, std::chrono::milliseconds at_most);
  void Wake();

  // A worker takes a slot before it reads its first configuration, acknowledges every generation
  // that it serves by, and leaves its slot at its end. Slots of processes that died are taken over.
  // -1: none is free.
  int TakeSlot(pid_t pid);
  void LeaveSlot(int slot);
  void Acknowledge(int slot, uint64_t generation);

  // Blocks until every living worker serves by `generation` or later; false when the time was over
  // first. Only for threads that may block, and never from a worker's event loop.
  bool WaitForWorkers(uint64_t generation, std::chrono::milliseconds at_most);

  // What the workers keep decoded (CachedEntities), as far as the Admin API's /cache tells of it:
  // marks by hash, of which later ones may displace earlier ones. When the epoch moves the workers
  // forget all that they keep.
  void MarkCached(uint64_t hash);
  bool IsMarkedCached(uint64_t hash) const;
  void ForgetCached(uint64_t hash);
  void ForgetAllCached();
  uint64_t cache_epoch() const { return cache_epoch_.load(std::memory_order_acquire); }

  // Where in a database server's log the node's newest write is (store::postgres::StoreOptions).
  std::atomic<uint64_t>& newest_write() { return newest_write_; }

 private:
  struct Slot {
    std::atomic<pid_t> pid;
    std::atomic<uint64_t> acknowledged;
  };
  bool AllServe(uint64_t generation);

  std::atomic<uint64_t> generation_;
  std::atomic<uint64_t> versions_[kMaxKinds];
  std::atomic<uint32_t> generation_event_;  // futex words: count events
  std::atomic<uint32_t> acknowledge_event_;
  std::atomic<uint64_t> cache_epoch_;
  std::atomic<uint64_t> cache_marks_[kCacheMarks];
  Slot slots_[kMaxWorkers];
  std::atomic<uint64_t> newest_write_;
  std::atomic<uint64_t> urgent_generation_;  // the newest that was not set quietly
};

}  // namespace silverback::runtime
