// pre-function and post-function: Lua functions of the configuration, run before and after all
// other plugins.
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kPreFunction;
extern const plugin::PluginType kPostFunction;

}  // namespace silverback::plugins
