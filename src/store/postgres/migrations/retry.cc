#include "store/postgres/migrations/retry.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace silverback::store::postgres::migrations {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kLockWait{2000}, kFirstPause{100}, kLongestPause{3000};
constexpr std::chrono::seconds kPatience{60};

// The server gave up waiting, or broke a deadlock: another attempt may succeed.
bool IsTransient(const Error& error) {
  const std::string state = SqlState(error);
  return state == "55P03" || state == "40P01" || state == "40001";
}

bool IsInClass(const std::string& state, std::initializer_list<std::string_view> classes) {
  return std::any_of(classes.begin(), classes.end(),
                     [&](std::string_view one) { return state.starts_with(one); });
}

Status InTransaction(Session& session, const std::function<Status()>& work) {
  auto transaction = Transaction::Begin(session);
  if (!transaction) return transaction.error();
  const Status limited =
      session.Script(fmt::format("SET LOCAL lock_timeout = {}", kLockWait.count()));
  if (!limited) return limited;
  if (Status done = work(); !done) return done;
  return transaction->Commit();
}

// The sessions that have been in a transaction for a while: what an operator looks for.
std::string Blockers(Session& session) {
  const auto rows = session.Query(
      "SELECT pid, coalesce(nullif(application_name, ''), '?'), coalesce(host(client_addr), "
      "'local'), round(extract(epoch FROM now() - xact_start)) FROM pg_stat_activity WHERE datname "
      "= current_database() AND pid <> pg_backend_pid() AND xact_start < now() - interval '1 "
      "second' ORDER BY xact_start LIMIT 3");
  std::string text;
  for (int i = 0; rows && i < rows->size(); ++i) {
    text += fmt::format("{}process {} ({}, {}) for {} s", i ? ", " : ": ", rows->Text(i, 0),
                        rows->Text(i, 1), rows->Text(i, 2), rows->Text(i, 3));
  }
  return text;
}

}  // namespace

// By the classes of SQLSTATE: connection, rollback, resources, state of an object, operator,
// system.
bool IsOfTheMoment(const Error& error) {
  return error.code() == ErrorCode::kUnavailable ||
         IsInClass(SqlState(error), {"08", "40", "53", "55", "57", "58"});
}

Status WithRetries(Session& session, const Note& note, const std::function<Status()>& work) {
  const auto end = Clock::now() + kPatience;
  auto pause = kFirstPause;
  for (bool told = false;; told = true) {
    const Status done = InTransaction(session, work);
    if (done || !IsTransient(done.error()) || Clock::now() >= end) return done;
    if (!told) note("waiting for other sessions that use the tables" + Blockers(session));
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace silverback::store::postgres::migrations
