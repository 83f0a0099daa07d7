// azure-functions: answers requests by an Azure function.
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kAzureFunctions;

}  // namespace silverback::plugins
