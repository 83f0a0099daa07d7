// Runner: runs single migrations. Each half is one transaction with its record; changes of many
// rows go before it in transactions of their own (backfill.h), so that an interrupted run is
// completed by the next. A lock that does not come soon is given up and tried again, so that the
// nodes that use the database do not queue up behind it.
//
// REQUIRES: the ClusterLock is held.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "store/migrations.h"
#include "store/postgres/migrations/plan.h"
#include "store/postgres/migrations/session.h"

namespace silverback::store::postgres::migrations {

class Runner {
 public:
  struct Options {
    int64_t piece = 5000;                       // rows in one transaction
    std::chrono::milliseconds lock_wait{2000};  // for one attempt at a lock
    std::chrono::seconds patience{60};          // for all attempts
    std::string keep_table;  // where `abort` finds values that are lost; "" when nowhere
  };
  // `note` is told how far a long migration is, and for whom it waits.
  Runner(Session& session, Options options, std::function<void(const std::string&)> note)
      : session_(session), options_(std::move(options)), note_(std::move(note)) {}

  // `again`: it has been executed before; statements only, nothing is recorded.
  Status Run(std::string_view subsystem, const Migration& migration, MigrationHalf half,
             bool again);

 private:
  Status RunData(const Half& half);
  Status RunInPieces(const Backfill& backfill, const std::string& workspace);
  Status RunHalf(const Half& half, bool again);
  Status RunStep(const Step& step);
  Status Record(std::string_view subsystem, const Migration& migration, MigrationHalf half);
  // `work` in a transaction, again and again while another session holds what it needs.
  Status WithRetries(const std::function<Status()>& work);
  Status InTransaction(const std::function<Status()>& work);
  Result<std::string> Workspace();
  std::string Blockers();

  Session& session_;
  const Options options_;
  const std::function<void(const std::string&)> note_;
};

}  // namespace silverback::store::postgres::migrations
