// SharedCounters: plugin::Counters in memory that all workers map. A table of a fixed size: when a
// bucket is full, the counter that expires first makes room. Keys are told apart by a 128-bit hash.
//
// Each process makes its own object; any of its threads may call it. A process that is killed while
// it holds a bucket's lock does not block the others: they see that it is gone.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "plugin/env.h"

namespace silverback::nginx {

class SharedCounters final : public plugin::Counters {
 public:
  struct Table;
  // Lays an empty table out in `memory` of `bytes`, aligned to 64. REQUIRES: all of it is zero, as
  // free buckets are.
  static Table* Create(void* memory, size_t bytes);

  explicit SharedCounters(Table* table);

  int64_t Add(std::string_view key, int64_t amount, double expires_at, double now) override;
  int64_t RaiseTo(std::string_view key, int64_t least, double expires_at, double now) override;
  int64_t Get(std::string_view key, double now) override;

 private:
  // Calls `change` on the counter's value, under the lock; gives the new value.
  template <class Change>
  int64_t Update(std::string_view key, double expires_at, double now, Change change);

  Table* table_;
  const pid_t self_;  // of the process that made this object
};

}  // namespace silverback::nginx
