// What PostgresMigrator has beyond Kong's migrations: abort, --dry-run, migrate-apis, status.
#include <fmt/format.h>

#include <set>

#include "store/postgres/migrations/apis.h"
#include "store/postgres/migrations/bookkeeping.h"
#include "store/postgres/migrations/dry_run.h"
#include "store/postgres/migrations/lock.h"
#include "store/postgres/migrations/migrator.h"
#include "store/postgres/migrations/nodes.h"
#include "store/postgres/migrations/obstacles.h"
#include "store/postgres/migrations/retry.h"
#include "util/string_util.h"

namespace silverback::store::postgres::migrations {
namespace {

const char* PhaseName(UndoLog::Phase phase) {
  switch (phase) {
    case UndoLog::Phase::kNone:
      return "none";
    case UndoLog::Phase::kRunning:
      return "running";
    case UndoLog::Phase::kFailed:
      return "failed";
    case UndoLog::Phase::kDone:
      return "done";
    case UndoLog::Phase::kFinishing:
      return "finishing";
  }
  return "";
}

// The row in `locks` that has not expired; null: nobody's.
Result<Json> LockHolder(Session& session) {
  const auto there = HasTable(session, "locks");
  if (!there) return there.error();
  if (!*there) return Json();
  const auto owner =
      session.Scalar("SELECT owner FROM locks WHERE key = 'migrations' AND ttl >= now()");
  if (!owner) return owner.error();
  return owner->empty() ? Json() : Json(*owner);
}

}  // namespace

Result<std::vector<std::string>> PostgresMigrator::OlderNodes() {
  if (Status connected = Connect(); !connected) return connected.error();
  return migrations::OlderNodes(*session_);
}

Result<std::vector<std::string>> PostgresMigrator::Obstacles() {
  if (Status connected = Connect(); !connected) return connected.error();
  return migrations::Obstacles(*session_);
}

Status PostgresMigrator::Settle() {
  auto log = UndoLog::Open(*session_);
  return log ? log->Remove() : Status(log.error());
}

Result<UndoLog> PostgresMigrator::LogToAbort() {
  if (Status connected = Connect(); !connected) return connected.error();
  auto log = UndoLog::Open(*session_);
  if (!log) return log;
  if (log->phase() == UndoLog::Phase::kNone) {
    return Error(ErrorCode::kOperationUnsupported,
                 "there is no 'up' to take back: none was run, it was finished, or Kong ran it");
  }
  if (log->phase() == UndoLog::Phase::kFinishing) {
    return Error(
        ErrorCode::kOperationUnsupported,
        "'finish' has begun, and what it changes cannot be taken back; run 'kong migrations "
        "finish' to complete it");
  }
  const auto finished = IsFinished(*log);
  if (!finished) return finished.error();
  if (*finished) {
    return Error(ErrorCode::kOperationUnsupported,
                 "'up' was finished by another program, and cannot be taken back any more");
  }
  return log;
}

// Whether a second half has been run since `up`, as Kong does without touching our log.
Result<bool> PostgresMigrator::IsFinished(UndoLog& log) {
  const auto before = log.Before();
  if (!before) return before.error();
  std::set<std::string> executed;
  for (const Json& row : (*before)["schema_meta"]) {
    if (!row["executed"].is_array()) continue;
    const std::string subsystem = StringMember(row, "subsystem") + " ";
    for (const Json& name : row["executed"]) executed.insert(subsystem + name.get<std::string>());
  }
  const auto state = ReadState();
  if (!state) return state.error();
  for (const SubsystemState& one : state->subsystems) {
    for (const std::string& name : one.executed) {
      const Migration* migration = FindMigration(one.name, name);
      if (migration && migration->two_halves && !executed.contains(one.name + " " + name))
        return true;
    }
  }
  return false;
}

Result<std::vector<std::string>> PostgresMigrator::AbortLosses() {
  auto log = LogToAbort();
  if (!log) return log.error();
  const auto before = log->Before();
  if (!before) return before.error();
  return LossOfAbort(*session_, *before);
}

Status PostgresMigrator::Abort(const MigrationObserver& observer) {
  auto log = LogToAbort();
  if (!log) return log.error();
  const Note note = [&](const std::string& text) {
    if (observer) observer({MigrationEvent::Kind::kNote, "", "", text});
  };
  return WithRetries(*session_, note, [&]() -> Status {
    // Another attempt begins anew.
    auto fresh = UndoLog::Open(*session_);
    return fresh ? migrations::Abort(*session_, *fresh) : Status(fresh.error());
  });
}

Status PostgresMigrator::DryRun(const std::vector<MigrationList>& plan, MigrationHalf half,
                                const std::function<void(const std::string&)>& print) {
  if (Status connected = Connect(); !connected) return connected;
  if (Status safe = session_->Script("SET default_transaction_read_only = on"); !safe) return safe;
  for (const MigrationList& list : plan) {
    for (const std::string& name : list.names) {
      if (const Migration* migration = FindMigration(list.subsystem, name)) {
        PrintDryRun(*session_, list.subsystem, *migration, half, print);
      }
    }
  }
  return session_->Script("RESET default_transaction_read_only");
}

Status PostgresMigrator::MigrateApis(bool with_custom_plugins, const ApiObserver& observer) {
  if (Status connected = Connect(); !connected) return connected;
  const auto locked = LockRuns(*session_, LockWait().seconds, nullptr);
  if (!locked) return locked.error();
  if (!*locked) return Error(ErrorCode::kOperationUnsupported, "timeout");
  if (Status ready = PrepareForApis(*session_, observer); !ready) return ready;
  const auto done = WithLock(
      {}, [&] { return migrations::MigrateApis(*session_, with_custom_plugins, observer); });
  UnlockRuns(*session_);
  return done ? Ok() : Status(done.error());
}

Result<bool> PostgresMigrator::HasApis() {
  if (Status connected = Connect(); !connected) return connected.error();
  return migrations::HasApis(*session_);
}

Result<Json> PostgresMigrator::Details() {
  if (Status connected = Connect(); !connected) return connected.error();
  const auto log = UndoLog::Open(*session_);
  if (!log) return log.error();
  const auto holder = LockHolder(*session_);
  if (!holder) return holder.error();
  const auto nodes = OlderNodes();
  if (!nodes) return nodes.error();
  const auto obstacles = Obstacles();
  if (!obstacles) return obstacles.error();
  const int version = session_->server_version();
  return Json{{"schema", session_->schema()},
              {"server_version", fmt::format("{}.{}", version / 10000, version % 10000)},
              {"lock", *holder},
              {"up", PhaseName(log->phase())},
              {"older_nodes", *nodes},
              {"obstacles", *obstacles}};
}

}  // namespace silverback::store::postgres::migrations
