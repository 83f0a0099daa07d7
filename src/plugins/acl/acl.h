// acl: lets consumers pass by the groups that they are in (Kong's ACL plugin, version 3.0).
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kAcl;

}  // namespace silverback::plugins
