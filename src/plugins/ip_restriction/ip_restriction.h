// ip-restriction: lists of addresses and ranges (CIDR) that may or may not pass.
// https://docs.konghq.com/hub/kong-inc/ip-restriction/2.8.x
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kIpRestriction;

}  // namespace silverback::plugins
