// The commands, each defined in the file of its name.
#pragma once

#include "cli/command.h"

namespace silverback::cli {

extern const Command kCheckCommand, kConfigCommand, kHealthCommand, kHybridCommand,
    kMigrationsCommand, kPrepareCommand, kQuitCommand, kReloadCommand, kRestartCommand,
    kRoarCommand, kStartCommand, kStopCommand, kVaultCommand, kVersionCommand;

}  // namespace silverback::cli
