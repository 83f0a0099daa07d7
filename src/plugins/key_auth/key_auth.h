// key-auth: authenticates by an API key in a header, the query or the body (Kong's Key
// Authentication plugin, version 2.4).
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kKeyAuth;

}  // namespace silverback::plugins
