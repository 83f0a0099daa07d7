// PostgresMigrator: `kong migrations` on PostgreSQL. Private to store/postgres; made by
// store/postgres/migrations.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "entity/catalog.h"
#include "store/migrations.h"
#include "store/postgres/migrations/plan.h"
#include "store/postgres/migrations/session.h"
#include "store/postgres/migrations/undo.h"

namespace silverback::store::postgres::migrations {

class PostgresMigrator final : public Migrator {
 public:
  PostgresMigrator(const Options& server, const entity::Catalog& catalog)
      : server_(server), catalog_(catalog) {}

  Result<MigrationState> State() override;
  Status Bootstrap() override;
  Result<bool> WithLock(const LockWait& wait, const std::function<Status()>& work) override;
  Status Run(const std::vector<MigrationList>& plan, MigrationHalf half,
             const MigrationObserver& observer) override;
  Status Reset() override;
  Result<std::vector<std::string>> OlderNodes() override;
  Result<std::vector<std::string>> Obstacles() override;
  Status Settle() override;
  Result<std::vector<std::string>> AbortLosses() override;
  Status Abort(const MigrationObserver& observer) override;
  Status DryRun(const std::vector<MigrationList>& plan, MigrationHalf half,
                const std::function<void(const std::string&)>& print) override;
  Status MigrateApis(bool with_custom_plugins, const ApiObserver& observer) override;
  Result<bool> HasApis() override;
  Result<Json> Details() override;
  std::string_view strategy() const override { return "postgres"; }
  std::string Place() const override { return "database '" + server_.database + "'"; }

 private:
  Status Connect();
  Result<MigrationState> ReadState();
  Status RunAll(const std::vector<MigrationList>& plan, MigrationHalf half,
                const MigrationState& state, const MigrationObserver& observer);
  Status RunOne(const MigrationList& list, const Migration& migration, MigrationHalf half,
                bool again, const MigrationObserver& observer);
  Status EndUp();
  // The log of an `up` that can be taken back.
  Result<UndoLog> LogToAbort();
  Result<bool> IsFinished(UndoLog& log);

  const Options server_;
  const entity::Catalog& catalog_;
  std::unique_ptr<Session> session_;
  // A bootstrap is one transaction from Bootstrap() to the end of Run(): interrupted, it leaves
  // nothing.
  std::optional<Transaction> bootstrap_;
  std::string keep_table_;  // of the `up` that runs
  std::optional<UndoLog::Phase> up_ends_as_;
};

}  // namespace silverback::store::postgres::migrations
