// proxy-cache: answers again with what the service has answered before.
// https://docs.konghq.com/hub/kong-inc/proxy-cache/2.8.x
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kProxyCache;

}  // namespace silverback::plugins
