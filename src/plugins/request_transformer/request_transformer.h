// request-transformer: changes headers, query, body, path and method of requests.
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kRequestTransformer;

}  // namespace silverback::plugins
