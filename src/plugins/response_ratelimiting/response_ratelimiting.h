// response-ratelimiting: limits by what the service says that its answers have used.
// https://docs.konghq.com/hub/kong-inc/response-ratelimiting/2.8.x
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kResponseRatelimiting;

}  // namespace silverback::plugins
