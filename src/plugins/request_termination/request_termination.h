// request-termination: answers requests itself, with a fixed status, message or body, or with an
// echo (Kong's Request Termination plugin, version 2.1).
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kRequestTermination;

}  // namespace silverback::plugins
