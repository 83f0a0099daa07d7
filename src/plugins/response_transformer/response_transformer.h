// response-transformer: changes headers of responses and fields of JSON bodies.
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kResponseTransformer;

}  // namespace silverback::plugins
