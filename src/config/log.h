// How the configuration code tells what it does: the caller prints it, or drops it.
#pragma once

#include <functional>
#include <string>

namespace silverback::config {

// By rising importance; kPlain is printed whatever the verbosity, without time and level.
enum class LogLevel { kDebug, kVerbose, kInfo, kPlain, kWarning };

// Called on the caller's thread. An empty function drops the messages.
using LogSink = std::function<void(LogLevel level, const std::string& message)>;

}  // namespace silverback::config
