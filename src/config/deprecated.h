// Old names of settings and what they mean today. Pure functions; any thread.
#pragma once

#include "config/conf_file.h"
#include "config/log.h"

namespace silverback::config {

// `settings` holds what the user gave. Sets what old names and aliases stand for unless it is given
// too, and warns of each deprecated name.
void ApplyOldNames(Settings& settings, const LogSink& log);

}  // namespace silverback::config
