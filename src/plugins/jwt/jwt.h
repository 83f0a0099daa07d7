// jwt: authenticates consumers by signed JSON Web Tokens.
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kJwt;

}  // namespace silverback::plugins
