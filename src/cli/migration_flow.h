// The rules of `kong migrations` and of a start, the same for every database: what runs in which
// state, and what is said about it, as Kong does it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

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
    double lock_timeout = 60;   // seconds
    bool force = false;         // run what has been run before once more
    bool dry_run = false;       // say what would be done
    bool force_finish = false;  // although nodes of an older version are seen
    bool yes = false;
    bool json = false;
    // Asks the one who typed the command; not set when nobody did.
    std::function<bool(std::string_view question)> ask;
  };

  Result<store::MigrationState> State();

  Status Bootstrap(const Options& options);
  Status Up(const Options& options);
  // false: it did not happen.
  Result<bool> Finish(const Options& options);
  Result<bool> Reset(const Options& options);
  Result<bool> Abort(const Options& options);
  Result<bool> MigrateApis(const Options& options);

  // What `list` prints, and its exit code.
  int List(const store::MigrationState& state);
  // What `status` prints; the exit code is that of `list`.
  Result<int> ShowStatus(const Options& options);

  // Refuses databases that a node cannot work with; tells about pending migrations.
  Status CheckForStart(const Options& options, bool run_migrations);

 private:
  Status UpLocked(const Options& options, bool had_work);
  Status FinishLocked(const Options& options);
  // Stops when nodes of an older version are seen, unless told to go on. False: the answer was no.
  Result<bool> CheckOlderNodes(const Options& options);
  Status DryRun(const std::vector<store::MigrationList>& plan, store::MigrationHalf half);
  void SayPending();
  Status Run(const std::vector<store::MigrationList>& plan, store::MigrationHalf half);
  Result<bool> WithLock(const store::LockWait& wait, const std::function<Status()>& work);

  store::Migrator& migrator_;
  Console& console_;
};

}  // namespace silverback::cli
