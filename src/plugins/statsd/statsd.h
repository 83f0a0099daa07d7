// statsd: statistics of requests for a StatsD server.
// https://docs.konghq.com/hub/kong-inc/statsd/2.8.x
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kStatsd;

}  // namespace silverback::plugins
