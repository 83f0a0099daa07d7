#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "store/postgres/migrations.h"
#include "store/postgres/migrations/bookkeeping.h"
#include "store/postgres/migrations/lock.h"
#include "store/postgres/migrations/plan.h"
#include "store/postgres/migrations/reset.h"
#include "store/postgres/migrations/runner.h"

namespace silverback::store::postgres {
namespace {

using migrations::ClusterLock;
using migrations::Runner;
using migrations::Session;
using migrations::Transaction;

constexpr double kLockSeconds = 60;  // for the end of another runner, when nothing else is said

class PostgresMigrator final : public Migrator {
 public:
  PostgresMigrator(const Options& server, const entity::Catalog& catalog)
      : server_(server), catalog_(catalog) {}

  Result<MigrationState> State() override;
  Status Bootstrap() override;
  Result<bool> WithLock(double wait_seconds, const std::function<Status()>& work) override;
  Status Run(const std::vector<MigrationList>& plan, MigrationHalf half,
             const MigrationObserver& observer) override;
  Status Reset() override;
  std::string_view strategy() const override { return "postgres"; }
  std::string Place() const override { return fmt::format("database '{}'", server_.database); }

 private:
  Status Connect();
  Status RunOne(const MigrationList& list, const std::string& name, MigrationHalf half,
                const MigrationState& state, const MigrationObserver& observer);

  const Options server_;
  const entity::Catalog& catalog_;
  std::unique_ptr<Session> session_;
  // A bootstrap is one transaction from Bootstrap() to the end of Run(): interrupted, it leaves
  // nothing.
  std::optional<Transaction> bootstrap_;
};

Status PostgresMigrator::Connect() {
  if (session_ && !session_->broken()) return Ok();
  auto session = Session::Open(server_);
  if (!session) {
    return Error(session.error().code(),
                 "failed to retrieve PostgreSQL server_version_num: " + session.error().message());
  }
  session_ = std::move(*session);
  return Ok();
}

Result<MigrationState> PostgresMigrator::State() {
  if (Status connected = Connect(); !connected) return connected.error();
  return ReadState(*session_, catalog_);
}

Status PostgresMigrator::Bootstrap() {
  if (Status connected = Connect(); !connected) return connected;
  const auto locked = migrations::LockRuns(*session_, kLockSeconds, nullptr);
  if (!locked) return locked.error();
  if (!*locked) return Error(ErrorCode::kUnavailable, "timeout");
  const auto there = migrations::HasTable(*session_, "schema_meta");
  if (!there) return there.error();
  if (*there) return Ok();  // by another runner, meanwhile
  auto transaction = Transaction::Begin(*session_);
  if (!transaction) return transaction.error();
  bootstrap_.emplace(std::move(*transaction));
  const Status made = migrations::CreateBookkeeping(*session_);
  if (made) return made;
  bootstrap_.reset();
  return Error(made.error().code(), "failed to bootstrap database: " + made.error().message(),
               made.error().fields());
}

Result<bool> PostgresMigrator::WithLock(double wait_seconds, const std::function<Status()>& work) {
  if (Status connected = Connect(); !connected) return connected.error();
  ClusterLock::Wait wait;
  wait.own_seconds = wait_seconds > 0 ? wait_seconds : kLockSeconds;
  wait.foreign_seconds = wait_seconds;
  const auto lock = ClusterLock::Take(*session_, server_, wait);
  if (!lock) return lock.error();
  if (!*lock) return false;
  const Status done = work();
  bootstrap_.reset();
  if (!done) return done.error();
  return true;
}

Status PostgresMigrator::Run(const std::vector<MigrationList>& plan, MigrationHalf half,
                             const MigrationObserver& observer) {
  const auto state = ReadState(*session_, catalog_);
  if (!state) return state.error();
  for (const MigrationList& list : plan) {
    for (const std::string& name : list.names) {
      if (Status done = RunOne(list, name, half, *state, observer); !done) return done;
    }
  }
  if (!bootstrap_) return Ok();
  const Status done = bootstrap_->Commit();
  bootstrap_.reset();
  return done;
}

Status PostgresMigrator::RunOne(const MigrationList& list, const std::string& name,
                                MigrationHalf half, const MigrationState& state,
                                const MigrationObserver& observer) {
  const migrations::Migration* migration = migrations::FindMigration(list.subsystem, name);
  if (!migration) {
    return Error(ErrorCode::kInternal,
                 fmt::format("unknown migration '{}' of '{}'", name, list.subsystem));
  }
  const auto tell = [&](MigrationEvent::Kind kind, const std::string& text) {
    if (observer) observer({kind, list.subsystem, name, text});
  };
  const bool again =
      std::any_of(state.subsystems.begin(), state.subsystems.end(), [&](const SubsystemState& one) {
        return one.name == list.subsystem &&
               std::find(one.executed.begin(), one.executed.end(), name) != one.executed.end();
      });
  tell(MigrationEvent::Kind::kBegin, "");
  Runner runner(*session_, {},
                [&](const std::string& text) { tell(MigrationEvent::Kind::kNote, text); });
  if (Status done = runner.Run(list.subsystem, *migration, half, again); !done) return done;
  const bool pending = half == MigrationHalf::kUp && migration->two_halves && !again;
  tell(pending ? MigrationEvent::Kind::kPending : MigrationEvent::Kind::kExecuted, "");
  return Ok();
}

Status PostgresMigrator::Reset() {
  if (Status connected = Connect(); !connected) return connected;
  return migrations::DropEverything(*session_);
}

}  // namespace

std::unique_ptr<Migrator> NewMigrator(const Options& server, const entity::Catalog& catalog) {
  return std::make_unique<PostgresMigrator>(server, catalog);
}

Status Bootstrap(const Options& server, const entity::Catalog& catalog) {
  PostgresMigrator migrator(server, catalog);
  const auto state = migrator.State();
  if (!state) return state.error();
  if (!state->needs_bootstrap) return Ok();
  if (Status made = migrator.Bootstrap(); !made) return made;
  std::vector<MigrationList> plan;
  for (const SubsystemState& one : state->subsystems) plan.push_back({one.name, one.fresh});
  const auto done = migrator.WithLock(
      0, [&]() -> Status { return migrator.Run(plan, MigrationHalf::kBoth, nullptr); });
  if (!done) return done.error();
  return *done ? Ok() : Error(ErrorCode::kUnavailable, "another node is bootstrapping");
}

}  // namespace silverback::store::postgres
