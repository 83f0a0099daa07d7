// The health of target addresses, shared by the workers of a node: a table of fixed layout in
// memory that the caller gives (shared memory of nginx; plain memory in tests). It survives a
// reload, and an address keeps its state when its upstream is deleted and made anew.
//
// All calls may be made by any process and thread at any time; nothing locks, nothing allocates. A
// worker that dies leaves nothing half-written. When more addresses are in use than the table
// holds, those that have not been used for the longest time are forgotten, that is, healthy.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "health/circuit.h"

namespace silverback::health {

class Table {
 public:
  // Where an address's state stands; cheap to keep and to copy.
  struct Handle {
    uint32_t slot = 0;
    uint64_t key = 0;  // 0: no address
  };

  // Memory for about that many addresses.
  static size_t BytesFor(size_t addresses);
  // Takes over what an earlier generation left in `memory`, or makes it an empty table when it is
  // none. REQUIRES: `memory` aligned to 64 bytes, `bytes` >= BytesFor(16); outlives the result.
  static Table* Attach(void* memory, size_t bytes);
  // An empty table. REQUIRES: all of `memory` is zero.
  static Table* Create(void* memory, size_t bytes);

  // The name of an address: upstreams and hosts are by name, since ids change when an upstream is
  // made anew.
  static uint64_t Key(std::string_view upstream, std::string_view host, std::string_view ip,
                      int port);

  // Finds or makes the place of an address. `now`: seconds, of a clock that all workers share.
  Handle Claim(uint64_t key, uint32_t now);

  Circuit Get(const Handle& handle) const;
  bool Available(const Handle& handle) const { return Get(handle).available(); }
  // True when the report changed whether the address is available.
  bool Apply(const Handle& handle, Report report, const Limits& limits);
  void Set(const Handle& handle, bool healthy);

  // Moves whenever an address became available or unavailable.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }

  // One worker of the node does the active checks: true when that is `worker` (a process id) for
  // the next moments. The lead passes on when the leader has not called for 5 seconds.
  bool Lead(uint32_t worker, uint32_t now);
  // Passes the lead on now, if `worker` has it.
  void Resign(uint32_t worker);

 private:
  static uint32_t CapacityOf(size_t bytes);
  struct Slot {
    std::atomic<uint64_t> key;
    std::atomic<uint64_t> circuit;
    std::atomic<uint32_t> used_at;
    uint32_t reserved;
  };
  static constexpr uint32_t kWindow = 16;  // slots in which an address may stand

  Table() = default;
  Slot* slots() { return reinterpret_cast<Slot*>(this + 1); }
  const Slot* slots() const { return reinterpret_cast<const Slot*>(this + 1); }
  const Slot* Find(const Handle& handle) const;

  std::atomic<uint64_t> magic_;
  std::atomic<uint64_t> version_;
  std::atomic<uint64_t> lead_;  // worker << 32 | time of its last call
  uint32_t capacity_;           // slots, a multiple of kWindow
  uint32_t reserved_[9];
};

}  // namespace silverback::health
