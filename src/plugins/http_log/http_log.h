// http-log: sends log entries to an HTTP server, in batches, with retries (Kong's HTTP Log plugin,
// version 2.1).
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kHttpLog;

}  // namespace silverback::plugins
