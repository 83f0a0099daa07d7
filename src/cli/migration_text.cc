#include "cli/migration_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "util/string_util.h"

namespace silverback::cli {

using store::MigrationList;
using store::MigrationState;
using store::SubsystemState;

const std::string_view kNeedsBootstrap =
    "Database needs bootstrapping or is older than Kong 1.0.\n\n"
    "To start a new installation from scratch, run 'kong migrations bootstrap'.\n\n"
    "To migrate from a version older than 1.0, migrated to Kong 1.5.0 first. \n"
    "If you still have 'apis' entities, you can convert them to Routes and Services\n"
    "using the 'kong migrations migrate-apis' command in Kong 1.5.0.\n\n";
const std::string_view kNewAvailable =
    "New migrations available; run 'kong migrations up' to proceed";

std::string TooOld(std::string_view refusal, const std::string& place) {
  return fmt::format(
      "{}: {} belongs to a version of Kong before 1.0.\n\n"
      "To keep what is in it, first take it to 0.14 if it is older, then run\n"
      "  kong migrations migrate-apis    with this version, while there are APIs,\n"
      "  kong migrations up              with Kong 1.5,\n"
      "  kong migrations finish          with Kong 1.5,\n"
      "  kong migrations up              with this version.\n\n"
      "To start a new installation, use an empty database.",
      refusal, place);
}

std::vector<MigrationList> Select(const MigrationState& state, Names names) {
  std::vector<MigrationList> plan;
  for (const SubsystemState& each : state.subsystems) {
    if (!(each.*names).empty()) plan.push_back({each.name, each.*names});
  }
  return plan;
}

bool Any(const MigrationState& state, Names names) { return !Select(state, names).empty(); }

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

}  // namespace silverback::cli
