// Copy: the server that follows the one that takes writes (pg_ro_*), and whether it may be read
// from now. Private to store/postgres.
//
// Threads: any.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>

#include "store/postgres/pool.h"

namespace silverback::store::postgres {

class Copy {
 public:
  // `newest_write`, when given, is shared by the node's processes and outlives the copy.
  Copy(Options options, std::atomic<uint64_t>* newest_write)
      : pool_(std::move(options)),
        newest_write_(newest_write ? newest_write : &own_newest_write_) {}

  // A connection with the copy, given back to pool(); nullopt: the copy is away, or behind what
  // this node wrote. One that was away is not asked again for a while.
  std::optional<Pool::Loan> Take();
  Pool& pool() { return pool_; }

  // What to ask a server that takes writes, in the transaction's round trip: where its log is now.
  static std::string PositionQuery(int server_version);
  void Wrote(uint64_t position);

 private:
  using Clock = std::chrono::steady_clock;
  Result<bool> HasCaughtUp(Connection& connection) const;

  Pool pool_;
  std::atomic<uint64_t> own_newest_write_{0};
  std::atomic<uint64_t>* const newest_write_;
  std::atomic<Clock::time_point> away_until_{Clock::time_point{}};
};

}  // namespace silverback::store::postgres
