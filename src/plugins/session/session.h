// session: lets clients that have authenticated once go on with a cookie.
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kSession;

}  // namespace silverback::plugins
