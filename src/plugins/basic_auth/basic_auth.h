// basic-auth: consumers by user name and password (RFC 7617), in Authorization or
// Proxy-Authorization. https://docs.konghq.com/hub/kong-inc/basic-auth/2.8.x
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kBasicAuth;

}  // namespace silverback::plugins
