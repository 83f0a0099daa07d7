// Pool: the connections of one process with one server. Private to store/postgres.
//
// Threads: any.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "store/postgres/connection.h"

namespace silverback::store::postgres {

class Pool {
 public:
  explicit Pool(Options options) : options_(std::move(options)) {}

  struct Loan {
    std::unique_ptr<Connection> connection;
    // It lay in the pool: the server may have closed it since.
    bool used_before = false;
  };

  // Waits for a turn (max_concurrent_queries), then gives a connection that nobody uses, or opens
  // one. Every loan is ended by Give. Errors: kUnavailable.
  Result<Loan> Take();
  // Another one in the place of a loan whose connection turned out to be dead; those that lie in
  // the pool are of the same time and are closed.
  Result<Loan> Replace(std::unique_ptr<Connection> dead);
  // nullptr: it is closed already.
  void Give(std::unique_ptr<Connection> connection);

  const Options& options() const { return options_; }

 private:
  struct Idle {
    std::unique_ptr<Connection> connection;
    std::chrono::steady_clock::time_point since;
  };
  Status WaitForTurn();
  void EndTurn();
  void CloseAll();

  const Options options_;
  std::mutex mutex_;
  std::condition_variable turn_;
  int lent_ = 0;
  std::vector<Idle> idle_;  // the longest unused first
};

}  // namespace silverback::store::postgres
