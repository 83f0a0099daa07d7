// The commands of `kong migrations` that look, take back, or prepare: list, status, abort,
// migrate-apis.
#include <fmt/format.h>

#include "cli/command.h"
#include "cli/migration_flow.h"
#include "cli/migration_text.h"
#include "util/json.h"
#include "util/string_util.h"

namespace silverback::cli {
namespace {

using store::ApiEvent;
using store::MigrationEvent;
using store::MigrationState;
using store::SubsystemState;

constexpr int kExitNeedsBootstrap = 3, kExitPending = 4, kExitNew = 5;

int ExitCode(const MigrationState& state) {
  if (state.needs_bootstrap) return kExitNeedsBootstrap;
  if (Any(state, &SubsystemState::pending)) return kExitPending;
  return Any(state, &SubsystemState::fresh) ? kExitNew : 0;
}

// One word for the whole.
std::string Summary(const MigrationState& state) {
  if (state.is_older_than_1_0) return "older than 1.0";
  if (state.needs_bootstrap) return "needs bootstrap";
  if (state.is_interrupted) return "up interrupted";
  if (Any(state, &SubsystemState::pending)) {
    return Any(state, &SubsystemState::fresh) ? "pending and new" : "pending";
  }
  return Any(state, &SubsystemState::fresh) ? "new" : "up to date";
}

std::string NextStep(const MigrationState& state) {
  if (state.is_older_than_1_0) return "kong migrations migrate-apis, then Kong 1.5";
  if (state.needs_bootstrap) return "kong migrations bootstrap";
  if (state.is_interrupted) return "kong migrations up";
  if (Any(state, &SubsystemState::pending)) return "kong migrations finish";
  return Any(state, &SubsystemState::fresh) ? "kong migrations up" : "";
}

Json ToJson(const MigrationState& state, const store::Migrator& migrator) {
  Json subsystems = Json::array();
  for (const SubsystemState& one : state.subsystems) {
    subsystems.push_back({{"name", one.name},
                          {"executed", one.executed},
                          {"pending", one.pending},
                          {"new", one.fresh}});
  }
  const std::string next = NextStep(state);
  return {{"version", kVersion},
          {"strategy", migrator.strategy()},
          {"state", Summary(state)},
          {"next", next.empty() ? Json() : Json(next)},
          {"needs_bootstrap", state.needs_bootstrap},
          {"older_than_1_0", state.is_older_than_1_0},
          {"up_interrupted", state.is_interrupted},
          {"subsystems", std::move(subsystems)}};
}

std::string ToText(const Json& status, const std::string& place) {
  std::string text = fmt::format("{}: {}", place, StringMember(status, "state"));
  if (status["next"].is_string()) {
    text += fmt::format("\nnext: {}", StringMember(status, "next"));
  }
  if (const Json* lock = FindMember(status, "lock"); lock && lock->is_string()) {
    text += fmt::format("\nmigrations run now, by {}", lock->get<std::string>());
  }
  if (const Json* nodes = FindMember(status, "older_nodes")) {
    for (const Json& node : *nodes) text += "\nstill connected: " + node.get<std::string>();
  }
  if (const Json* obstacles = FindMember(status, "obstacles")) {
    for (const Json& one : *obstacles)
      text += "\nin the way of 'finish': " + one.get<std::string>();
  }
  return text;
}

}  // namespace

int MigrationFlow::List(const MigrationState& state) {
  if (state.needs_bootstrap) {
    console_.Say(kNeedsBootstrap);
    return ExitCode(state);
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
  return ExitCode(state);
}

Result<int> MigrationFlow::ShowStatus(const Options& options) {
  const auto state = State();
  if (!state) return state.error();
  Json status = ToJson(*state, migrator_);
  const auto details = migrator_.Details();
  if (!details) return details.error();
  status.update(*details);
  console_.Print(options.json ? DumpJson(status) : ToText(status, migrator_.Place()));
  return ExitCode(*state);
}

Result<bool> MigrationFlow::Abort(const Options& options) {
  const auto losses = migrator_.AbortLosses();
  if (!losses) return losses.error();
  if (!losses->empty() && !options.yes) {
    const std::string list = Join(*losses, ", ");
    if (!options.ask) {
      return Refused(
          "'abort' deletes what was written since 'up' and the old version does not "
          "know (" +
          list + "); run it with --yes to go on");
    }
    console_.Say("What was written since 'up' and the old version does not know: " + list);
    if (!options.ask("Are you sure? This operation is irreversible.")) {
      console_.Say("cancelled");
      return false;
    }
  }
  const auto note = [this](const MigrationEvent& event) { console_.PrintError(event.text); };
  const auto done = WithLock({options.lock_timeout, true}, [&]() -> Status {
    console_.Say("Taking back 'up'...");
    return migrator_.Abort(note);
  });
  if (!done) return done.error();
  console_.Say("Database is as it was before 'up'");
  return true;
}

Result<bool> MigrationFlow::MigrateApis(const Options& options) {
  const auto state = State();
  if (!state) return state.error();
  if (!state->is_older_than_1_0) {
    return Refused("Cannot migrate APIs: only databases of Kong before 1.0 have them");
  }
  size_t done = 0, skipped = 0, failed = 0;
  const auto observer = [&](const ApiEvent& event) {
    const std::string api = fmt::format("migrating api '{}' ", event.name);
    switch (event.kind) {
      case ApiEvent::Kind::kNote:
        return console_.Say(event.text);
      case ApiEvent::Kind::kBegin:
        return console_.Say(api + "...");
      case ApiEvent::Kind::kDone:
        ++done;
        return console_.Say(api + "done");
      case ApiEvent::Kind::kSkipped:
        ++skipped;
        return console_.Say(api + "skipped (use -f to migrate apis with custom plugins)");
      case ApiEvent::Kind::kFailed:
        ++failed;
        return console_.Say(api + "failed: " + event.text);
    }
  };
  if (Status run = migrator_.MigrateApis(options.force, observer); !run) return run.error();
  const size_t all = done + skipped + failed;
  if (all == 0) console_.Say("No apis to migrate");
  if (done) console_.Say(fmt::format("{}/{} migrations succeeded", done, all));
  if (skipped) console_.Say(fmt::format("{}/{} migrations skipped", skipped, all));
  if (failed) console_.Say(fmt::format("{}/{} migrations failed", failed, all));
  return failed == 0;
}

}  // namespace silverback::cli
