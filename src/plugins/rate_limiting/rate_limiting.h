// rate-limiting: limits requests per second, minute, hour, day, month and year (Kong's Rate
// Limiting plugin, version 2.4).
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kRateLimiting;

}  // namespace silverback::plugins
