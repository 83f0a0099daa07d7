// The state of a database's migrations and what brings it forward, the same for every SQL store.
// The rules of `kong migrations` (when to run what, what to say) stand above it, in src/cli; a
// store brings its Migrator, which runtime::OpenMigrator makes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "util/json.h"
#include "util/result.h"

namespace silverback::store {

struct SubsystemState {
  std::string name;                   // "core" or a plugin
  std::vector<std::string> executed;  // in order
  std::vector<std::string> pending;   // begun by `up`, waiting for `finish`
  std::vector<std::string> fresh;     // not yet run
};

struct MigrationState {
  bool needs_bootstrap = true;  // no bookkeeping, or that of a version before 1.0
  bool is_older_than_1_0 = false;
  bool is_interrupted = false;             // an `up` did not come to its end: the next goes on
  std::vector<SubsystemState> subsystems;  // "core" first, the others by name
};

struct MigrationList {
  std::string subsystem;
  std::vector<std::string> names;  // in the order in which they run
};

// Told while migrations run, on the caller's thread.
struct MigrationEvent {
  enum class Kind {
    kBegin,     // `name` of `subsystem` is about to run
    kExecuted,  // it is done and recorded as executed
    kPending,   // its first half is done, and it is recorded as pending
    kNote,      // `text`: how far a long one is, or something that the operator should know
  };
  Kind kind;
  std::string subsystem, name, text;
};
using MigrationObserver = std::function<void(const MigrationEvent&)>;

// What becomes of an API of a version before 1.0.
struct ApiEvent {
  enum class Kind { kBegin, kDone, kSkipped, kFailed, kNote };
  Kind kind;
  std::string name;  // the API's
  std::string text;  // kFailed: why; kNote
};
using ApiObserver = std::function<void(const ApiEvent&)>;

// How long to wait for another runner of migrations.
struct LockWait {
  double seconds = 60;
  bool for_kong = true;  // false: only for one of ours, and not for a node of Kong
};

// Which halves of migrations to run: the one that old nodes can live with, the one that they cannot
// (Kong's "up" and "teardown"), or both.
enum class MigrationHalf { kUp, kFinish, kBoth };

// One thread; every call blocks. Errors: kUnavailable (not reachable), kDatabaseError.
class Migrator {
 public:
  virtual ~Migrator() = default;

  // Reads only.
  virtual Result<MigrationState> State() = 0;

  // Makes the bookkeeping in an empty database; no migration has been run after it.
  virtual Status Bootstrap() = 0;

  // Runs `work` while no other node can run migrations; gives false, without having called it, when
  // a node of Kong holds the lock and is not to be waited for. What another runner did meanwhile is
  // for `work` to look at. Error: that of `work`; kOperationUnsupported: the other did not end in
  // time.
  virtual Result<bool> WithLock(const LockWait& wait, const std::function<Status()>& work) = 0;

  // Runs the migrations of `plan`, each in one transaction with its record. A migration without a
  // second half is executed after kUp. With kFinish and kBoth all are.
  virtual Status Run(const std::vector<MigrationList>& plan, MigrationHalf half,
                     const MigrationObserver& observer) = 0;

  // Drops everything that the gateway keeps in the database, bookkeeping included.
  virtual Status Reset() = 0;

  // Who may still need what `finish` takes away, one line each: nodes of an older version.
  virtual Result<std::vector<std::string>> OlderNodes() { return std::vector<std::string>{}; }

  // What will stop `finish` when nobody removes it, one line each.
  virtual Result<std::vector<std::string>> Obstacles() { return std::vector<std::string>{}; }

  // `finish` has come to its end: there is no way back from here.
  virtual Status Settle() { return Ok(); }

  // What of the data written since `up` would be lost by Abort, in words. Error:
  // kOperationUnsupported, in words for the operator: there is nothing to take back, or not any
  // more.
  virtual Result<std::vector<std::string>> AbortLosses() { return Unsupported("abort"); }
  // Takes the last `up` back. REQUIRES: the lock.
  virtual Status Abort(const MigrationObserver&) { return Unsupported("abort"); }

  // Prints what Run would do, statement by statement. Reads only.
  virtual Status DryRun(const std::vector<MigrationList>&, MigrationHalf,
                        const std::function<void(const std::string&)>&) {
    return Unsupported("--dry-run");
  }

  // Turns the APIs of a database of 0.14 into services and routes; with_custom_plugins: also those
  // with plugins that are not bundled. Takes the lock itself.
  virtual Status MigrateApis(bool /*with_custom_plugins*/, const ApiObserver&) {
    return Unsupported("migrate-apis");
  }
  virtual Result<bool> HasApis() { return false; }

  // More about the database for `status`: an object.
  virtual Result<Json> Details() { return Json::object(); }

  virtual std::string_view strategy() const = 0;  // "postgres", "sqlite"
  virtual std::string Place() const = 0;          // for messages: "database 'kong'"

 protected:
  Error Unsupported(const std::string& what) const {
    return Error(ErrorCode::kOperationUnsupported, "'" + what + "' is not available on " + Place());
  }
};

}  // namespace silverback::store
