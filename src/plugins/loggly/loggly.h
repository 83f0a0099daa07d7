// loggly: entries to Loggly, as datagrams in the form of RFC 5424.
// https://docs.konghq.com/hub/kong-inc/loggly/2.8.x
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kLoggly;

}  // namespace silverback::plugins
