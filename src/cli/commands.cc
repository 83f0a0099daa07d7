#include "cli/commands.h"

namespace silverback::cli {

std::span<const Command* const> Commands() {
  static constexpr const Command* kCommands[] = {
      &kCheckCommand,   &kConfigCommand, &kHealthCommand, &kHybridCommand,  &kMigrationsCommand,
      &kPrepareCommand, &kQuitCommand,   &kReloadCommand, &kRestartCommand, &kRoarCommand,
      &kStartCommand,   &kStopCommand,   &kVaultCommand,  &kVersionCommand};
  return kCommands;
}

}  // namespace silverback::cli
