// hmac-auth: authenticates consumers by signatures over headers of their requests.
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kHmacAuth;

}  // namespace silverback::plugins
