// syslog: entries to the system log.
// https://docs.konghq.com/hub/kong-inc/syslog/2.8.x
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kSyslog;

}  // namespace silverback::plugins
