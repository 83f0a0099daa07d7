// UndoLog: what a database was like before `up`, so that `abort` can bring it back, and how far the
// run has come, so that the next one knows whether to go on. It stands in a schema of its own
// ("silverback_undo_public" beside "public"), which nodes do not look into; where the role may not
// make one, in the gateway's schema. `finish` removes it.
//
// REQUIRES: the ClusterLock is held, except for Read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "store/postgres/migrations/session.h"
#include "util/json.h"

namespace silverback::store::postgres::migrations {

class UndoLog {
 public:
  enum class Phase {
    kNone,       // nothing is kept
    kRunning,    // `up` runs, or was interrupted
    kFailed,     // `up` ended with an error
    kDone,       // `up` has come to its end
    kFinishing,  // `finish` has begun: there is no way back
  };

  static Result<UndoLog> Open(Session& session);

  Phase phase() const { return phase_; }
  // Keeps the schema and its bookkeeping as they are, unless an interrupted run is gone on with.
  Status Begin();
  Status SetPhase(Phase phase);
  // Where single values are kept: (entity, id, value).
  std::string keep_table() const { return Table("kept"); }
  Result<Json> Before();
  Status Remove();

 private:
  explicit UndoLog(Session& session) : session_(&session) {}
  std::string Table(const char* name) const;
  Status Make();
  Status Create();

  Session* session_;
  std::string place_;  // a quoted schema, and the beginning of a table's name; "": nothing is kept
  Phase phase_ = Phase::kNone;
};

// Tables with columns, constraints, indexes, triggers and functions of the gateway's schema, and
// the rows of schema_meta.
Result<Json> Snapshot(Session& session);

// What coming back would delete: "3 rows of vaults_beta", "tls_verify of 2 rows of services".
Result<std::vector<std::string>> LossOfAbort(Session& session, const Json& before);
// The statements that bring the schema back to `before`, in order.
Result<std::vector<std::string>> StatementsOfAbort(Session& session, const Json& before);
// Brings schema, bookkeeping and kept values back, and removes the log, in one transaction.
Status Abort(Session& session, UndoLog& log);

}  // namespace silverback::store::postgres::migrations
