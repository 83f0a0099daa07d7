#include "store/postgres/migrations/lock.h"

#include <fmt/format.h>

#include "util/string_util.h"

namespace silverback::store::postgres::migrations {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr int kAdvisoryClass = 0x6b6f6e67;  // "kong"
constexpr Seconds kLookEvery{0.2};
constexpr std::string_view kOwnerPrefix = "silverback ";

std::string AdvisoryKey(const Session& session) {
  return fmt::format("{}, hashtext({})", kAdvisoryClass, session.QuoteText(session.schema()));
}

// Tries until it succeeds, fails or `seconds` are over.
Result<bool> TryFor(double seconds, const std::function<void()>& waiting,
                    const std::function<Result<bool>()>& attempt) {
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
  for (bool first = true;; first = false) {
    const auto done = attempt();
    if (!done || *done) return done;
    if (Clock::now() >= end) return false;
    if (first && waiting) waiting();
    std::this_thread::sleep_for(kLookEvery);
  }
}

}  // namespace

Result<bool> LockRuns(Session& session, double wait_seconds, const std::function<void()>& waiting) {
  const std::string query = "SELECT pg_try_advisory_lock(" + AdvisoryKey(session) + ")";
  return TryFor(wait_seconds, waiting, [&] { return session.True(query); });
}

void UnlockRuns(Session& session) {
  (void)session.Query("SELECT pg_advisory_unlock(" + AdvisoryKey(session) + ")");
}

ClusterLock::ClusterLock(Session& session, Options options, double ttl_seconds)
    : session_(session),
      options_(std::move(options)),
      ttl_seconds_(ttl_seconds),
      owner_(std::string(kOwnerPrefix) + NewUuid()) {}

Result<std::unique_ptr<ClusterLock>> ClusterLock::Take(Session& session, Options options,
                                                       Wait wait) {
  const auto locked = LockRuns(session, wait.own_seconds, wait.waiting);
  if (!locked) return locked.error();
  if (!*locked) {
    if (wait.own_seconds > 0) return Error(ErrorCode::kOperationUnsupported, "timeout");
    return std::unique_ptr<ClusterLock>();
  }
  auto lock =
      std::unique_ptr<ClusterLock>(new ClusterLock(session, std::move(options), wait.ttl_seconds));
  const auto row = lock->TakeRow(wait);
  if (!row) return row.error();
  if (!*row && wait.foreign_seconds > 0) return Error(ErrorCode::kOperationUnsupported, "timeout");
  if (!*row) return std::unique_ptr<ClusterLock>();
  lock->keeper_ = std::thread([raw = lock.get()] { raw->KeepAlive(); });
  return lock;
}

Result<bool> ClusterLock::TakeRow(const Wait& wait) {
  auto taken = TryFor(wait.foreign_seconds, wait.waiting, [this] { return TryRow(); });
  if (!taken) {
    return Error(taken.error().code(), "failed to insert cluster lock: " + taken.error().message(),
                 taken.error().fields());
  }
  has_row_ = *taken;
  return taken;
}

Result<bool> ClusterLock::TryRow() {
  if (Status gone = session_.Script("DELETE FROM locks WHERE ttl < now()"); !gone) {
    return gone.error();
  }
  const auto taken = session_.Query(
      "INSERT INTO locks AS l (key, owner, ttl) VALUES ('migrations', $1, now() + $2::float8 * "
      "interval '1 second') ON CONFLICT (key) DO UPDATE SET owner = EXCLUDED.owner, ttl = "
      "EXCLUDED.ttl WHERE l.owner LIKE $3 || '%'",
      {owner_, fmt::format("{}", ttl_seconds_), std::string(kOwnerPrefix)});
  if (!taken) return taken.error();
  return taken->affected() == 1;
}

void ClusterLock::KeepAlive() {
  std::unique_lock<std::mutex> hold(mutex_);
  while (!stop_.wait_for(hold, Seconds(ttl_seconds_ / 4), [this] { return stopping_; })) Renew();
}

// On a connection of its own: the session may be in the middle of a long statement.
void ClusterLock::Renew() {
  const auto other = Session::Open(options_);
  if (!other) return;
  (void)(*other)->Query(
      "UPDATE locks SET ttl = now() + $2::float8 * interval '1 second' WHERE key = 'migrations' "
      "AND owner = $1",
      {owner_, fmt::format("{}", ttl_seconds_)});
}

void ClusterLock::GiveRowBack() {
  if (keeper_.joinable()) {
    {
      const std::lock_guard<std::mutex> hold(mutex_);
      stopping_ = true;
    }
    stop_.notify_all();
    keeper_.join();
  }
  if (has_row_) {
    (void)session_.Query("DELETE FROM locks WHERE key = 'migrations' AND owner = $1", {owner_});
  }
  has_row_ = false;
}

ClusterLock::~ClusterLock() {
  GiveRowBack();
  UnlockRuns(session_);
}

}  // namespace silverback::store::postgres::migrations
