#include "store/postgres/migrations/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "store/postgres/migrations/bookkeeping.h"
#include "util/string_util.h"

namespace silverback::store::postgres::migrations {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kTellEvery{2};

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
  if (done) done = alone ? WithRetries(session_, note_, work) : work();
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

Result<BackfillRun> Runner::Prepare(const Backfill& backfill) {
  BackfillRun::Options options{"", options_.keep_table};
  if (backfill.set.find("$(WORKSPACE)") != std::string::npos) {
    auto id = Workspace();
    if (!id) return id.error();
    options.workspace = std::move(*id);
  }
  return BackfillRun(session_, backfill, std::move(options));
}

// What is too long for the transaction of the half itself.
Status Runner::RunData(const Half& half) {
  for (const Backfill& backfill : half.data) {
    auto run = Prepare(backfill);
    if (!run) return run.error();
    const auto remarks = run->Remarks();
    if (!remarks) return remarks.error();
    for (const std::string& remark : *remarks) note_(remark);
    const auto is_long = run->IsLongerThan(options_.piece);
    if (!is_long) return is_long.error();
    if (!*is_long) continue;
    if (Status done = RunInPieces(backfill, *run); !done) return done;
  }
  return Ok();
}

Status Runner::RunInPieces(const Backfill& backfill, BackfillRun& run) {
  const auto total = run.Count();
  if (!total) return total.error();
  int64_t rows = 0;
  Clock::time_point told = Clock::now();
  for (std::string after;;) {
    Piece piece;
    const Status done = WithRetries(session_, note_, [&]() -> Status {
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
    for (const Backfill& backfill : half.data) {
      auto run = Prepare(backfill);
      if (!run) return run.error();
      if (Status done = run->Rest(options_.piece); !done) return done;
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

}  // namespace silverback::store::postgres::migrations
