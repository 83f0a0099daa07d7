// ClusterLock: nobody else changes the database's schema meanwhile. Two locks in one: PostgreSQL's
// advisory lock, which ends with the session whatever happens to the process, for our own runners;
// and a row in the table locks, which Kong's nodes respect. A row that a killed runner of ours left
// behind is taken over, as its advisory lock is gone.
//
// Threads: the constructor's; a thread of its own keeps the row from expiring.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "store/postgres/migrations/session.h"

namespace silverback::store::postgres::migrations {

// Only the advisory lock: held until the session ends or Unlock. False: another runner of ours
// holds it, and did not end within `wait_seconds`. `waiting` is called once before the first wait.
Result<bool> LockRuns(Session& session, double wait_seconds, const std::function<void()>& waiting);
void UnlockRuns(Session& session);

class ClusterLock {
 public:
  struct Wait {
    double own_seconds = 0;      // for a runner of ours
    double foreign_seconds = 0;  // for the holder of the row
    double ttl_seconds = 60;     // how long the row outlives us
    std::function<void()> waiting;
  };
  // nullptr: another node holds it, and no wait for it was asked for. Error:
  // kOperationUnsupported ("timeout") when the wait was in vain; kDatabaseError when the row cannot
  // be written.
  static Result<std::unique_ptr<ClusterLock>> Take(Session& session, Options options, Wait wait);
  // The row goes, if it has not; the advisory lock too.
  ~ClusterLock();
  // Only the row: for those of Kong it is over, for runners of ours not yet.
  void GiveRowBack();

 private:
  ClusterLock(Session& session, Options options, double ttl_seconds);
  Result<bool> TakeRow(const Wait& wait);
  Result<bool> TryRow();
  void KeepAlive();
  void Renew();

  Session& session_;
  const Options options_;
  const double ttl_seconds_;
  const std::string owner_;
  bool has_row_ = false;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread keeper_;
};

}  // namespace silverback::store::postgres::migrations
