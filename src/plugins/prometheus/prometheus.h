// prometheus: counts requests and sessions by service, route and consumer, for GET /metrics.
// https://docs.konghq.com/hub/kong-inc/prometheus/2.8.x
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kPrometheus;

}  // namespace silverback::plugins
