#include "cli/migration_flow.h"

#include <fmt/format.h>

#include "cli/migration_text.h"

namespace silverback::cli {
namespace {

using store::MigrationEvent;
using store::MigrationHalf;
using store::MigrationList;
using store::MigrationState;
using store::SubsystemState;

constexpr std::string_view kFinishFirst =
    "Database has pending migrations; run 'kong migrations finish'";
constexpr std::string_view kNotLeader = "aborted: another node is performing database changes";

}  // namespace

Result<MigrationState> MigrationFlow::State() {
  auto state = migrator_.State();
  if (!state) return state;
  console_.Verbose("retrieving database schema state...");
  console_.Verbose("schema state retrieved");
  return state;
}

Result<bool> MigrationFlow::WithLock(const store::LockWait& wait,
                                     const std::function<Status()>& work) {
  auto locked = migrator_.WithLock(wait, work);
  if (locked && !*locked) console_.Say(kNotLeader);
  return locked;
}

Status MigrationFlow::Run(const std::vector<MigrationList>& plan, MigrationHalf half) {
  std::string subsystem;
  size_t executed = 0, pending = 0;
  const auto observer = [&](const MigrationEvent& event) {
    if (event.kind == MigrationEvent::Kind::kNote) return console_.PrintError(event.text);
    if (event.kind == MigrationEvent::Kind::kBegin) {
      if (subsystem != event.subsystem) {
        subsystem = event.subsystem;
        console_.Say(fmt::format("migrating {} on {}...", subsystem, migrator_.Place()));
      }
      return console_.Debug("running migration: " + event.name);
    }
    const bool done = event.kind == MigrationEvent::Kind::kExecuted;
    ++(done ? executed : pending);
    console_.Say(fmt::format("{} migrated up to: {} ({})", event.subsystem, event.name,
                             done ? "executed" : "pending"));
  };
  if (Status run = migrator_.Run(plan, half, observer); !run) return run;
  const size_t all = executed + pending;
  console_.Say(fmt::format("{} migration{} processed", all, all == 1 ? "" : "s"));
  if (executed) console_.Say(fmt::format("{} executed", executed));
  if (pending) console_.Say(fmt::format("{} pending", pending));
  return Ok();
}

Status MigrationFlow::Bootstrap(const Options& options) {
  auto state = State();
  if (!state) return state.error();
  if (state->needs_bootstrap && state->is_older_than_1_0) {
    return Refused(TooOld("Cannot bootstrap", migrator_.Place()));
  }
  if (options.force && !options.dry_run) {
    if (auto reset = Reset(options); !reset) return reset.error();
    if (state = State(); !state) return state.error();
  }
  if (!state->needs_bootstrap) {
    console_.Say("Database already bootstrapped");
    return Ok();
  }
  if (options.dry_run) return DryRun(Select(*state, &SubsystemState::fresh), MigrationHalf::kBoth);
  console_.Say("Bootstrapping database...");
  if (Status made = migrator_.Bootstrap(); !made) return made;
  const auto locked = WithLock({options.lock_timeout, true}, [&]() -> Status {
    const auto now = migrator_.State();
    if (!now) return now.error();
    const auto fresh = Select(*now, &SubsystemState::fresh);
    Status run = fresh.empty() ? Ok() : Run(fresh, MigrationHalf::kBoth);
    if (run) console_.Say("Database is up-to-date");
    return run;
  });
  return locked ? Ok() : Status(locked.error());
}

Status MigrationFlow::DryRun(const std::vector<MigrationList>& plan, MigrationHalf half) {
  if (plan.empty()) {
    console_.Say("Nothing to run");
    return Ok();
  }
  return migrator_.DryRun(plan, half, [this](const std::string& line) { console_.Say(line); });
}

void MigrationFlow::SayPending() {
  console_.Say("\nDatabase has pending migrations; run 'kong migrations finish' when ready");
}

Status MigrationFlow::Up(const Options& options) {
  const auto state = State();
  if (!state) return state.error();
  if (state->needs_bootstrap) {
    return Refused("Cannot run migrations: " + std::string(kNeedsBootstrap));
  }
  if (state->is_older_than_1_0) return Refused(TooOld("Cannot run migrations", migrator_.Place()));
  // One that was interrupted is gone on with.
  const bool pending = Any(*state, &SubsystemState::pending) && !state->is_interrupted;
  if (!options.force && pending) return Refused(kFinishFirst);
  const auto fresh = Select(*state, &SubsystemState::fresh);
  if (options.dry_run) return DryRun(fresh, MigrationHalf::kUp);
  const auto obstacles = migrator_.Obstacles();
  if (!obstacles) return obstacles.error();
  for (const std::string& one : *obstacles) console_.Warn("'finish' will fail: " + one);
  const bool had_work = !fresh.empty() || state->is_interrupted;
  const auto locked =
      WithLock({options.lock_timeout, true}, [&] { return UpLocked(options, had_work); });
  return locked ? Ok() : Status(locked.error());
}

Status MigrationFlow::UpLocked(const Options& options, bool had_work) {
  auto state = State();
  if (!state) return state.error();
  auto fresh = Select(*state, &SubsystemState::fresh);
  if (!options.force && Any(*state, &SubsystemState::pending) && !state->is_interrupted) {
    // Another runner may have done what there was to do.
    if (!had_work || !fresh.empty()) return Refused(kFinishFirst);
    SayPending();
    return Ok();
  }
  if (options.force) {
    const auto executed = Select(*state, &SubsystemState::executed);
    console_.Debug("forcing re-execution of these migrations:\n" + Listing(executed));
    if (Status run = Run(executed, MigrationHalf::kBoth); !run) return run;
    if (state = State(); !state) return state.error();
    fresh = Select(*state, &SubsystemState::fresh);
    if (Any(*state, &SubsystemState::pending) && !state->is_interrupted) {
      SayPending();
      return Ok();
    }
  }
  if (!fresh.empty()) {
    console_.Debug("migrations to run:\n" + Listing(fresh));
    if (Status run = Run(fresh, MigrationHalf::kUp); !run) return run;
    if (state = State(); !state) return state.error();
  } else if (state->is_interrupted) {
    if (Status ended = migrator_.Run({}, MigrationHalf::kUp, nullptr); !ended) return ended;
  }
  if (Any(*state, &SubsystemState::pending)) {
    SayPending();
  } else if (fresh.empty() && !options.force) {
    console_.Say("Database is already up-to-date");
  }
  return Ok();
}

Result<bool> MigrationFlow::CheckOlderNodes(const Options& options) {
  const auto nodes = migrator_.OlderNodes();
  if (!nodes) return nodes.error();
  if (nodes->empty()) return true;
  for (const std::string& node : *nodes) console_.Warn("still connected: " + node);
  if (options.force_finish) return true;
  if (!options.ask) {
    return Refused(
        "nodes of an older version seem to use the database, and would fail after 'finish': stop "
        "them first, or run 'kong migrations finish --force-finish'");
  }
  if (options.ask("Nodes of an older version will fail. Finish all the same?")) return true;
  console_.Say("cancelled");
  return false;
}

Result<bool> MigrationFlow::Finish(const Options& options) {
  const auto state = State();
  if (!state) return state.error();
  if (state->needs_bootstrap) {
    return Refused("Cannot run migrations: " + std::string(kNeedsBootstrap));
  }
  const auto pending = Select(*state, &SubsystemState::pending);
  if (options.dry_run) {
    if (Status shown = DryRun(pending, MigrationHalf::kFinish); !shown) return shown.error();
    return true;
  }
  if (!pending.empty()) {
    auto go_on = CheckOlderNodes(options);
    if (!go_on || !*go_on) return go_on;
  }
  return WithLock({options.lock_timeout, false}, [&] { return FinishLocked(options); });
}

Status MigrationFlow::FinishLocked(const Options& options) {
  auto state = State();
  if (!state) return state.error();
  if (options.force) {
    const auto executed = Select(*state, &SubsystemState::executed);
    if (Status run = Run(executed, MigrationHalf::kBoth); !run) return run;
    if (state = State(); !state) return state.error();
  }
  if (const auto pending = Select(*state, &SubsystemState::pending); !pending.empty()) {
    console_.Debug("pending migrations to finish:\n" + Listing(pending));
    if (Status run = Run(pending, MigrationHalf::kFinish); !run) return run;
    if (state = State(); !state) return state.error();
  }
  if (Any(*state, &SubsystemState::fresh)) {
    console_.Say("\n" + std::string(kNewAvailable));
    return Ok();
  }
  if (!options.force && !Any(*state, &SubsystemState::pending)) {
    console_.Say("No pending migrations to finish");
  }
  return Any(*state, &SubsystemState::pending) ? Ok() : migrator_.Settle();
}

Result<bool> MigrationFlow::Reset(const Options& options) {
  const auto state = State();
  if (!state) return state.error();
  if (state->needs_bootstrap) {
    console_.Say("Database not bootstrapped, nothing to reset");
    return false;
  }
  bool begun = false;
  const auto reset = [&]() -> Status {
    begun = true;
    console_.Say("Resetting database...");
    Status done = migrator_.Reset();
    if (done) console_.Say("Database successfully reset");
    return done;
  };
  auto locked = WithLock({options.lock_timeout, false}, reset);
  const bool held = !locked && locked.error().code() == ErrorCode::kOperationUnsupported;
  if (locked || begun || held) return locked;
  // The lock itself does not work: its table may have been dropped.
  console_.Log(Level::kError, locked.error().message() + " - retrying without cluster lock");
  if (Status done = reset(); !done) return done.error();
  return true;
}

Status MigrationFlow::CheckForStart(const Options& options, bool run_migrations) {
  auto state = State();
  if (!state) return state.error();
  // Pending ones do not keep a node from working.
  const bool current = !state->needs_bootstrap && !Any(*state, &SubsystemState::fresh);
  if (run_migrations && !current) {
    if (Status up = Up(options); !up) return up;
    if (state = State(); !state) return state.error();
  }
  if (state->needs_bootstrap) return Refused(kNeedsBootstrap);
  if (Any(*state, &SubsystemState::fresh)) return Refused(kNewAvailable);
  if (const auto pending = Select(*state, &SubsystemState::pending); !pending.empty()) {
    console_.Say("Database has pending migrations:\n" + Listing(pending));
  }
  return Ok();
}

}  // namespace silverback::cli
