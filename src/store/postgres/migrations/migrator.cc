#include "store/postgres/migrations/migrator.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/postgres/migrations.h"
#include "store/postgres/migrations/apis.h"
#include "store/postgres/migrations/bookkeeping.h"
#include "store/postgres/migrations/lock.h"
#include "store/postgres/migrations/reset.h"
#include "store/postgres/migrations/retry.h"
#include "store/postgres/migrations/runner.h"

namespace silverback::store::postgres {
namespace migrations {
namespace {

constexpr double kBootstrapWaitSeconds = 60;  // for another runner that bootstraps
constexpr std::string_view kPrefix = "[PostgreSQL error] ";

// Errors of the database look as they do in Kong.
Error Prefixed(const Error& error) {
  if (error.message().starts_with(kPrefix)) return error;
  return Error(error.code(), std::string(kPrefix) + error.message(), error.fields());
}

// Why a connection did not come about, in Kong's words where libpq has many.
std::string WhyNotConnected(const std::string& text) {
  if (text.find("password authentication failed") != std::string::npos) {
    return "authentication exchange unsuccessful";
  }
  if (text.find("could not translate host name") != std::string::npos) {
    return "host or service not provided, or not known";
  }
  return text;
}

bool Has(const MigrationState& state, std::vector<std::string> SubsystemState::*names,
         std::string_view subsystem, std::string_view name) {
  return std::any_of(state.subsystems.begin(), state.subsystems.end(), [&](const auto& one) {
    const auto& list = one.*names;
    return one.name == subsystem && std::find(list.begin(), list.end(), name) != list.end();
  });
}

}  // namespace

Status PostgresMigrator::Connect() {
  if (session_ && !session_->broken()) return Ok();
  auto session = Session::Open(server_);
  if (!session) {
    return Prefixed(
        Error(session.error().code(), "failed to retrieve PostgreSQL server_version_num: " +
                                          WhyNotConnected(session.error().message())));
  }
  session_ = std::move(*session);
  return Ok();
}

Result<MigrationState> PostgresMigrator::ReadState() {
  auto state = migrations::ReadState(*session_, catalog_);
  if (!state) return state;
  const auto older = IsOlderThan1_0(*session_);
  if (!older) return older.error();
  state->is_older_than_1_0 = *older;
  const auto log = UndoLog::Open(*session_);
  if (!log) return log.error();
  state->is_interrupted = log->phase() == UndoLog::Phase::kRunning;
  return state;
}

Result<MigrationState> PostgresMigrator::State() {
  if (Status connected = Connect(); !connected) return connected.error();
  auto state = ReadState();
  if (!state) return Prefixed(state.error());
  return state;
}

Status PostgresMigrator::Bootstrap() {
  if (Status connected = Connect(); !connected) return connected;
  const auto locked = LockRuns(*session_, kBootstrapWaitSeconds, nullptr);
  if (!locked) return Prefixed(locked.error());
  if (!*locked) return Prefixed(Error(ErrorCode::kOperationUnsupported, "timeout"));
  const auto there = HasTable(*session_, "schema_meta");
  if (!there) return Prefixed(there.error());
  if (*there) return Ok();  // by another runner, meanwhile
  auto transaction = Transaction::Begin(*session_);
  if (!transaction) return Prefixed(transaction.error());
  bootstrap_.emplace(std::move(*transaction));
  const Status made = CreateBookkeeping(*session_);
  if (made) return made;
  bootstrap_.reset();
  return Prefixed(Error(made.error().code(),
                        "failed to bootstrap database: " + made.error().message(),
                        made.error().fields()));
}

Result<bool> PostgresMigrator::WithLock(const LockWait& wait, const std::function<Status()>& work) {
  if (Status connected = Connect(); !connected) return connected.error();
  ClusterLock::Wait seconds;
  seconds.own_seconds = wait.seconds;
  seconds.foreign_seconds = wait.for_kong ? wait.seconds : 0;
  auto lock = ClusterLock::Take(*session_, server_, seconds);
  if (!lock) return Prefixed(lock.error());
  if (!*lock) return false;
  const Status done = work();
  bootstrap_.reset();
  (*lock)->GiveRowBack();
  // Last of all, but not without the lock: whoever was interrupted before is gone on with.
  const Status told = EndUp();
  if (!done) return done.error();
  if (!told) return Prefixed(told.error());
  return true;
}

Status PostgresMigrator::Run(const std::vector<MigrationList>& plan, MigrationHalf half,
                             const MigrationObserver& observer) {
  using Phase = UndoLog::Phase;
  const auto state = ReadState();
  if (!state) return Prefixed(state.error());
  auto log = UndoLog::Open(*session_);
  if (!log) return Prefixed(log.error());
  keep_table_.clear();
  if (half == MigrationHalf::kUp) {
    if (!plan.empty()) {
      if (Status begun = log->Begin(); !begun) return Prefixed(begun.error());
      keep_table_ = log->keep_table();
    }
    up_ends_as_ = Phase::kFailed;
  }
  if (half == MigrationHalf::kFinish) {
    if (Status begun = log->SetPhase(Phase::kFinishing); !begun) return Prefixed(begun.error());
  }
  const Status done = RunAll(plan, half, *state, observer);
  if (done && half == MigrationHalf::kUp) up_ends_as_ = Phase::kDone;
  // Interrupted, then: the next run goes on.
  if (!done && IsOfTheMoment(done.error())) up_ends_as_.reset();
  return done ? done : Prefixed(done.error());
}

Status PostgresMigrator::EndUp() {
  if (!up_ends_as_ || session_->broken()) return Ok();
  auto log = UndoLog::Open(*session_);
  if (!log) return log.error();
  return log->SetPhase(*std::exchange(up_ends_as_, std::nullopt));
}

Status PostgresMigrator::RunAll(const std::vector<MigrationList>& plan, MigrationHalf half,
                                const MigrationState& state, const MigrationObserver& observer) {
  for (const MigrationList& list : plan) {
    for (const std::string& name : list.names) {
      const Migration* migration = FindMigration(list.subsystem, name);
      if (!migration) {
        return Error(ErrorCode::kInternal,
                     fmt::format("unknown migration '{}' of '{}'", name, list.subsystem));
      }
      const bool again = Has(state, &SubsystemState::executed, list.subsystem, name);
      const Status done = RunOne(list, *migration, half, again, observer);
      if (!done) return done;
    }
  }
  if (!bootstrap_) return Ok();
  const Status done = bootstrap_->Commit();
  bootstrap_.reset();
  return done;
}

Status PostgresMigrator::RunOne(const MigrationList& list, const Migration& migration,
                                MigrationHalf half, bool again, const MigrationObserver& observer) {
  const auto tell = [&](MigrationEvent::Kind kind, const std::string& text) {
    if (observer) observer({kind, list.subsystem, std::string(migration.name), text});
  };
  tell(MigrationEvent::Kind::kBegin, "");
  Runner::Options options;
  options.keep_table = keep_table_;
  Runner runner(*session_, options,
                [&](const std::string& text) { tell(MigrationEvent::Kind::kNote, text); });
  if (Status done = runner.Run(list.subsystem, migration, half, again); !done) return done;
  const bool pending = half == MigrationHalf::kUp && migration.two_halves && !again;
  tell(pending ? MigrationEvent::Kind::kPending : MigrationEvent::Kind::kExecuted, "");
  return Ok();
}

Status PostgresMigrator::Reset() {
  if (Status connected = Connect(); !connected) return connected;
  const Status done = DropEverything(*session_);
  return done ? done : Prefixed(done.error());
}

}  // namespace migrations

std::unique_ptr<Migrator> NewMigrator(const Options& server, const entity::Catalog& catalog) {
  return std::make_unique<migrations::PostgresMigrator>(server, catalog);
}

Status Bootstrap(const Options& server, const entity::Catalog& catalog) {
  migrations::PostgresMigrator migrator(server, catalog);
  const auto state = migrator.State();
  if (!state) return state.error();
  if (!state->needs_bootstrap) return Ok();
  if (Status made = migrator.Bootstrap(); !made) return made;
  const auto done = migrator.WithLock({}, [&]() -> Status {
    const auto now = migrator.State();
    if (!now) return now.error();
    std::vector<MigrationList> plan;
    for (const SubsystemState& one : now->subsystems) plan.push_back({one.name, one.fresh});
    return migrator.Run(plan, MigrationHalf::kBoth, nullptr);
  });
  return done ? Ok() : Status(done.error());
}

}  // namespace silverback::store::postgres
