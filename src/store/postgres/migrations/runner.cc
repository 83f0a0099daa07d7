#include "store/postgres/migrations/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "store/postgres/migrations/backfill.h"
#include "store/postgres/migrations/bookkeeping.h"
#include "util/string_util.h"

namespace silverback::store::postgres::migrations {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kFirstPause{100}, kLongestPause{3000};
constexpr std::chrono::seconds kTellEvery{2};

// The server gave up waiting, or broke a deadlock: another attempt may succeed.
bool IsTransient(const Error& error) {
  const std::string state = SqlState(error);
  return state == "55P03" || state == "40P01" || state == "40001";
}

bool NeedsWorkspace(const Half& half) {
  return std::any_of(half.data.begin(), half.data.end(), [](const Backfill& one) {
    return one.set.find("$(WORKSPACE)") != std::string::npos;
  });
}

}  // namespace

Status Runner::Run(std::string_view subsystem, const Migration& migration, MigrationHalf half,
                   bool again) {
  const bool up = half != MigrationHalf::kFinish;
  const bool finish = half != MigrationHalf::kUp;
  const bool alone = !session_.in_transaction();
  const auto work = [&]() -> Status {
    if (up) {
      if (Status done = RunHalf(migration.up, again); !done) return done;
    }
    if (finish) {
      if (Status done = RunHalf(migration.finish, again); !done) return done;
    }
    return again ? Ok() : Record(subsystem, migration, half);
  };
  Status done = Ok();
  if (alone && !again && up) done = RunData(migration.up);
  if (done && alone && !again && finish && !up) done = RunData(migration.finish);
  if (done) done = alone ? WithRetries(work) : work();
  if (done) return done;
  return Error(done.error().code(),
               fmt::format("failed to run migration '{}' {}: {}", migration.name,
                           up ? "up" : "teardown", done.error().message()),
               done.error().fields());
}

Result<std::string> Runner::Workspace() {
  auto id = session_.Scalar("SELECT id FROM workspaces WHERE name = 'default'");
  if (id && id->empty()) {
    return Error(ErrorCode::kDatabaseError, "there is no workspace named 'default'");
  }
  return id;
}

// What is too long for the transaction of the half itself.
Status Runner::RunData(const Half& half) {
  for (const Backfill& backfill : half.data) {
    std::string workspace;
    if (backfill.set.find("$(WORKSPACE)") != std::string::npos) {
      auto id = Workspace();
      if (!id) return id.error();
      workspace = std::move(*id);
    }
    BackfillRun run(session_, backfill, workspace, options_.keep_table);
    const auto is_long = run.IsLongerThan(options_.piece);
    if (!is_long) return is_long.error();
    if (!*is_long) continue;
    if (Status done = RunInPieces(backfill, workspace); !done) return done;
  }
  return Ok();
}

Status Runner::RunInPieces(const Backfill& backfill, const std::string& workspace) {
  BackfillRun run(session_, backfill, workspace, options_.keep_table);
  const auto total = run.Count();
  if (!total) return total.error();
  int64_t rows = 0;
  Clock::time_point told = Clock::now();
  for (std::string after;;) {
    Piece piece;
    const Status done = WithRetries([&]() -> Status {
      auto next = run.Next(after, options_.piece);
      if (!next) return next.error();
      piece = std::move(*next);
      return Ok();
    });
    if (!done) return done;
    rows += piece.rows;
    if (Clock::now() - told >= kTellEvery) {
      told = Clock::now();
      note_(fmt::format("{}: {} of {} rows of {} ({} %)", backfill.about, rows, *total,
                        backfill.table,
                        std::min<int64_t>(100, rows * 100 / std::max<int64_t>(*total, 1))));
    }
    if (piece.rows < options_.piece) return Ok();
    after = piece.last;
  }
}

Status Runner::RunHalf(const Half& half, bool again) {
  if (!again) {
    std::string workspace;
    if (NeedsWorkspace(half)) {
      auto id = Workspace();
      if (!id) return id.error();
      workspace = std::move(*id);
    }
    for (const Backfill& backfill : half.data) {
      BackfillRun run(session_, backfill, workspace, options_.keep_table);
      if (Status done = run.Rest(options_.piece); !done) return done;
    }
  }
  for (const Step& step : half.steps) {
    if (Status done = RunStep(step); !done) return done;
  }
  return Ok();
}

Status Runner::RunStep(const Step& step) {
  if (!step.unless.empty()) {
    const auto there = session_.True(step.unless);
    if (!there) return there.error();
    if (*there) return Ok();
  }
  std::string sql = ReplaceAll(step.sql, "$(NEW_UUID)", NewUuid());
  if (sql.find("$(WORKSPACE)") != std::string::npos) {
    const auto id = Workspace();
    if (!id) return id.error();
    sql = ReplaceAll(sql, "$(WORKSPACE)", *id);
  }
  return session_.Script(sql);
}

Status Runner::Record(std::string_view subsystem, const Migration& migration, MigrationHalf half) {
  using enum migrations::Record;
  migrations::Record record = kExecuted;
  if (migration.two_halves) {
    record = half == MigrationHalf::kUp       ? kPending
             : half == MigrationHalf::kFinish ? kFinished
                                              : kBoth;
  }
  return WriteRecord(session_, subsystem, migration.name, record);
}

Status Runner::InTransaction(const std::function<Status()>& work) {
  auto transaction = Transaction::Begin(session_);
  if (!transaction) return transaction.error();
  const Status limited =
      session_.Script(fmt::format("SET LOCAL lock_timeout = {}", options_.lock_wait.count()));
  if (!limited) return limited;
  if (Status done = work(); !done) return done;
  return transaction->Commit();
}

Status Runner::WithRetries(const std::function<Status()>& work) {
  const auto end = Clock::now() + options_.patience;
  auto pause = kFirstPause;
  for (bool told = false;;) {
    const Status done = InTransaction(work);
    if (done || !IsTransient(done.error()) || Clock::now() >= end) return done;
    if (!told) note_("waiting for other sessions that use the tables" + Blockers());
    told = true;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

// The sessions that have been in a transaction for a while: what an operator looks for.
std::string Runner::Blockers() {
  const auto rows = session_.Query(
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

}  // namespace silverback::store::postgres::migrations
