// udp-log: entries as datagrams.
// https://docs.konghq.com/hub/kong-inc/udp-log/2.8.x
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kUdpLog;

}  // namespace silverback::plugins
