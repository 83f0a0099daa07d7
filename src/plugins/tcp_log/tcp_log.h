// tcp-log: sends the entry of each request as a line over TCP or TLS.
// https://docs.konghq.com/hub/kong-inc/tcp-log/2.8.x
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kTcpLog;

}  // namespace silverback::plugins
