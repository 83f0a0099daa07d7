// correlation-id: gives each request an id that the upstream, and if wanted the client, sees
// (Kong's Correlation ID plugin, version 2.0).
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kCorrelationId;

}  // namespace silverback::plugins
