// cors: answers preflight requests and sets the headers of cross-origin resource sharing (Kong's
// CORS plugin, version 2.1; WHATWG Fetch, 3.2).
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kCors;

}  // namespace silverback::plugins
