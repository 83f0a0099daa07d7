// datadog: statistics of requests, with tags, for a Datadog agent.
// https://docs.konghq.com/hub/kong-inc/datadog/2.8.x
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kDatadog;

}  // namespace silverback::plugins
