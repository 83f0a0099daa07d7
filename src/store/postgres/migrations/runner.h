// Runner: runs single migrations. Each half is one transaction with its record; changes of many
// rows go before it in transactions of their own (backfill.h), so that an interrupted run is
// completed by the next.
//
// REQUIRES: the ClusterLock is held.
#pragma once

#include <string>
#include <string_view>

#include "store/migrations.h"
#include "store/postgres/migrations/backfill.h"
#include "store/postgres/migrations/plan.h"
#include "store/postgres/migrations/retry.h"
#include "store/postgres/migrations/session.h"

namespace silverback::store::postgres::migrations {

class Runner {
 public:
  struct Options {
    int64_t piece = 5000;    // rows in one transaction
    std::string keep_table;  // where `abort` finds values that are lost; "" when nowhere
  };
  // `note` is told how far a long migration is, and for whom it waits.
  Runner(Session& session, Options options, Note note)
      : session_(session), options_(std::move(options)), note_(std::move(note)) {}

  // `again`: it has been executed before; statements only, nothing is recorded.
  Status Run(std::string_view subsystem, const Migration& migration, MigrationHalf half,
             bool again);

 private:
  Status RunData(const Half& half);
  Status RunInPieces(const Backfill& backfill, BackfillRun& run);
  Result<BackfillRun> Prepare(const Backfill& backfill);
  Status RunHalf(const Half& half, bool again);
  Status RunStep(const Step& step);
  Status Record(std::string_view subsystem, const Migration& migration, MigrationHalf half);
  Result<std::string> Workspace();

  Session& session_;
  const Options options_;
  const Note note_;
};

}  // namespace silverback::store::postgres::migrations
