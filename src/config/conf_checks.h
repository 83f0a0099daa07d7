// The rules that settings must follow beyond their types. Reads files; for the command line and
// nginx' start.
#pragma once

#include <string>
#include <vector>

#include "config/log.h"
#include "util/json.h"

namespace silverback::config {

// Checks `values` (typed, absolute paths not yet made) and completes them: the cipher suite's
// directives, host_ports, trusted certificates. Returns what is wrong, in the order of Kong's own
// checks; empty when nothing is.
std::vector<std::string> CheckAndComplete(Json& values, const LogSink& log);

}  // namespace silverback::config
