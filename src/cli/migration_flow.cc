#include "cli/migration_flow.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/command.h"
#include "util/string_util.h"

namespace silverback::cli {
namespace {

using store::MigrationEvent;
using store::MigrationHalf;
using store::MigrationList;
using store::MigrationState;
using store::SubsystemState;

constexpr std::string_view kNeedsBootstrap =
    "Database needs bootstrapping or is older than Kong 1.0.\n\n"
    "To start a new installation from scratch, run 'kong migrations bootstrap'.\n\n"
    "To migrate from a version older than 1.0, migrated to Kong 1.5.0 first. \n"
    "If you still have 'apis' entities, you can convert them to Routes and Services\n"
    "using the 'kong migrations migrate-apis' command in Kong 1.5.0.\n\n";
constexpr std::string_view kNewAvailable =
    "New migrations available; run 'kong migrations up' to proceed";
constexpr std::string_view kFinishFirst =
    "Database has pending migrations; run 'kong migrations finish'";
constexpr std::string_view kNotLeader = "aborted: another node is performing database changes";
constexpr int kExitNeedsBootstrap = 3, kExitPending = 4, kExitNew = 5;

using Names = std::vector<std::string> SubsystemState::*;

std::vector<MigrationList> Select(const MigrationState& state, Names names) {
  std::vector<MigrationList> plan;
  for (const SubsystemState& each : state.subsystems) {
    if (!(each.*names).empty()) plan.push_back({each.name, each.*names});
  }
  return plan;
}

bool Any(const MigrationState& state, Names names) { return !Select(state, names).empty(); }

// One line for each subsystem, their names in a column.
std::string Listing(const std::vector<MigrationList>& plan) {
  size_t column = 0;
  for (const MigrationList& each : plan) column = std::max(column, each.subsystem.size());
  std::string text;
  for (const MigrationList& each : plan) {
    text += fmt::format("{}{:>{}}: {}", text.empty() ? "" : "\n", each.subsystem, column,
                        Join(each.names, ", "));
  }
  return text;
}

Error Refused(std::string_view why) {
  return Error(ErrorCode::kOperationUnsupported, std::string(why));
}

}  // namespace

Result<MigrationState> MigrationFlow::State() {
  console_.Verbose("retrieving database schema state...");
  auto state = migrator_.State();
  if (state) console_.Verbose("schema state retrieved");
  return state;
}

Result<bool> MigrationFlow::WithLock(double wait_seconds, const std::function<Status()>& work) {
  auto locked = migrator_.WithLock(wait_seconds, work);
  if (locked && !*locked) console_.Say(kNotLeader);
  return locked;
}

Status MigrationFlow::Run(const std::vector<MigrationList>& plan, MigrationHalf half) {
  std::string subsystem;
  size_t executed = 0, pending = 0;
  const auto observer = [&](const MigrationEvent& event) {
    if (event.kind == MigrationEvent::Kind::kNote) return console_.Say(event.text);
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
  if (options.force) {
    if (auto reset = Reset(); !reset) return reset.error();
    if (state = State(); !state) return state.error();
  }
  if (!state->needs_bootstrap) {
    console_.Say("Database already bootstrapped");
    return Ok();
  }
  console_.Say("Bootstrapping database...");
  if (Status made = migrator_.Bootstrap(); !made) return made;
  const auto locked = WithLock(0, [&]() -> Status {
    const auto fresh = migrator_.State();
    if (!fresh) return fresh.error();
    Status run = Run(Select(*fresh, &SubsystemState::fresh), MigrationHalf::kBoth);
    if (run) console_.Say("Database is up-to-date");
    return run;
  });
  return locked ? Ok() : Status(locked.error());
}

Status MigrationFlow::Up(const Options& options) {
  const auto state = State();
  if (!state) return state.error();
  if (state->needs_bootstrap) {
    return Refused("Cannot run migrations: " + std::string(kNeedsBootstrap));
  }
  if (!options.force && Any(*state, &SubsystemState::pending)) return Refused(kFinishFirst);
  const auto locked = WithLock(options.lock_timeout, [&] { return UpLocked(options); });
  return locked ? Ok() : Status(locked.error());
}

Status MigrationFlow::UpLocked(const Options& options) {
  auto state = State();
  if (!state) return state.error();
  if (!options.force && Any(*state, &SubsystemState::pending)) return Refused(kFinishFirst);
  const auto say_pending = [&] {
    console_.Say("\nDatabase has pending migrations; run 'kong migrations finish' when ready");
    return Ok();
  };
  if (options.force) {
    const auto executed = Select(*state, &SubsystemState::executed);
    console_.Debug("forcing re-execution of these migrations:\n" + Listing(executed));
    if (Status run = Run(executed, MigrationHalf::kBoth); !run) return run;
    if (state = State(); !state) return state.error();
    if (Any(*state, &SubsystemState::pending)) return say_pending();
  }
  const auto fresh = Select(*state, &SubsystemState::fresh);
  if (fresh.empty()) {
    if (!options.force) console_.Say("Database is already up-to-date");
    return Ok();
  }
  console_.Debug("migrations to run:\n" + Listing(fresh));
  if (Status run = Run(fresh, MigrationHalf::kUp); !run) return run;
  if (state = State(); !state) return state.error();
  return Any(*state, &SubsystemState::pending) ? say_pending() : Ok();
}

Status MigrationFlow::Finish(const Options& options) {
  const auto state = State();
  if (!state) return state.error();
  if (state->needs_bootstrap) {
    return Refused("Cannot run migrations: " + std::string(kNeedsBootstrap));
  }
  const auto locked = WithLock(0, [&] { return FinishLocked(options); });
  return locked ? Ok() : Status(locked.error());
}

Status MigrationFlow::FinishLocked(const Options& options) {
  auto state = State();
  if (!state) return state.error();
  const auto warnings = migrator_.FinishWarnings();
  if (!warnings) return warnings.error();
  for (const std::string& warning : *warnings) console_.Warn(warning);
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
  } else if (!options.force && !Any(*state, &SubsystemState::pending)) {
    console_.Say("No pending migrations to finish");
  }
  return Ok();
}

Result<bool> MigrationFlow::Reset() {
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
  auto locked = WithLock(0, reset);
  if (locked || begun) return locked;
  // The lock itself does not work: its table may have been dropped.
  console_.Log(Level::kError, locked.error().message() + " - retrying without cluster lock");
  if (Status done = reset(); !done) return done.error();
  return true;
}

int MigrationFlow::List(const MigrationState& state) {
  if (state.needs_bootstrap) {
    console_.Say(kNeedsBootstrap);
    return kExitNeedsBootstrap;
  }
  const auto executed = Select(state, &SubsystemState::executed);
  const auto pending = Select(state, &SubsystemState::pending);
  const auto fresh = Select(state, &SubsystemState::fresh);
  if (!executed.empty()) console_.Say("Executed migrations:\n" + Listing(executed));
  if (!pending.empty()) console_.Say("\nPending migrations:\n" + Listing(pending));
  if (!fresh.empty()) console_.Say("\nNew migrations available:\n" + Listing(fresh));
  if (!pending.empty() && !fresh.empty()) {
    console_.Warn(fmt::format(
        "Database has pending migrations from a previous upgrade, and new migrations from this "
        "upgrade (version {})",
        kVersion));
    console_.Say(fmt::format(
        "\n\nRun 'kong migrations finish' when ready to complete pending migrations ({} database "
        "will be incompatible with the previous Kong version)",
        migrator_.strategy()));
  } else if (!pending.empty()) {
    console_.Say("\nRun 'kong migrations finish' when ready");
  } else if (!fresh.empty()) {
    console_.Say("\nRun 'kong migrations up' to proceed");
  }
  if (!pending.empty()) return kExitPending;
  return fresh.empty() ? 0 : kExitNew;
}

Status MigrationFlow::CheckForStart(const Options& options, bool run_migrations) {
  auto state = State();
  if (!state) return state.error();
  const auto current = [&] {
    return !state->needs_bootstrap && !Any(*state, &SubsystemState::fresh) &&
           !Any(*state, &SubsystemState::pending);
  };
  if (run_migrations && !current()) {
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
