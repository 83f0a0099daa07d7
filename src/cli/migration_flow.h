// The rules of `kong migrations` and of a start, the same for every database: what runs in which
// state, and what is said about it, as Kong does it.
#pragma once

#include <string>

#include "cli/console.h"
#include "store/migrations.h"
#include "util/result.h"

namespace silverback::cli {

class MigrationFlow {
 public:
  // Both outlive this.
  MigrationFlow(store::Migrator& migrator, Console& console)
      : migrator_(migrator), console_(console) {}

  struct Options {
    double lock_timeout = 60;  // seconds
    bool force = false;        // run what has been run before once more
  };

  Result<store::MigrationState> State();

  Status Bootstrap(const Options& options);
  Status Up(const Options& options);
  Status Finish(const Options& options);
  Result<bool> Reset();  // false: it did not happen

  // What `list` prints, and its exit code.
  int List(const store::MigrationState& state);

  // Refuses databases that a node cannot work with; tells about pending migrations.
  Status CheckForStart(const Options& options, bool run_migrations);

 private:
  Status UpLocked(const Options& options);
  Status FinishLocked(const Options& options);
  Status Run(const std::vector<store::MigrationList>& plan, store::MigrationHalf half);
  Result<bool> WithLock(double wait_seconds, const std::function<Status()>& work);

  store::Migrator& migrator_;
  Console& console_;
};

}  // namespace silverback::cli
