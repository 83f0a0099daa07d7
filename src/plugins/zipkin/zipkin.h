// zipkin: takes part in distributed traces and tells a Zipkin server of its own spans.
// https://docs.konghq.com/hub/kong-inc/zipkin/2.8.x
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kZipkin;

}  // namespace silverback::plugins
