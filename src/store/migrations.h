// The state of a database's migrations and what brings it forward, the same for every SQL store.
// The rules of `kong migrations` (when to run what, what to say) stand above it, in src/cli; a
// store brings its Migrator, which runtime::OpenMigrator makes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace silverback::store {

struct SubsystemState {
  std::string name;                   // "core" or a plugin
  std::vector<std::string> executed;  // in order
  std::vector<std::string> pending;   // begun by `up`, waiting for `finish`
  std::vector<std::string> fresh;     // not yet run
};

struct MigrationState {
  bool needs_bootstrap = true;             // no bookkeeping, or that of a version before 1.0
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
  // another node holds the lock: at once when `wait_seconds` is 0, after waiting for that node's
  // end otherwise (its work is done then). Error: that of `work`, or the node did not end in time.
  virtual Result<bool> WithLock(double wait_seconds, const std::function<Status()>& work) = 0;

  // Runs the migrations of `plan`, each in one transaction with its record. A migration without a
  // second half is executed after kUp. With kFinish and kBoth all are.
  virtual Status Run(const std::vector<MigrationList>& plan, MigrationHalf half,
                     const MigrationObserver& observer) = 0;

  // Drops everything that the gateway keeps in the database, bookkeeping included.
  virtual Status Reset() = 0;

  // Why `finish` should not be run yet, one sentence each (nodes of the old version are alive).
  virtual Result<std::vector<std::string>> FinishWarnings() { return std::vector<std::string>{}; }

  virtual std::string_view strategy() const = 0;  // "postgres", "sqlite"
  virtual std::string Place() const = 0;          // for messages: "database 'kong'"
};

}  // namespace silverback::store
