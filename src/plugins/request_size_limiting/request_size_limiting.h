// request-size-limiting: refuses requests with large bodies.
// https://docs.konghq.com/hub/kong-inc/request-size-limiting/2.8.x
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kRequestSizeLimiting;

}  // namespace silverback::plugins
