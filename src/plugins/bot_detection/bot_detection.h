// bot-detection: refuses clients whose User-Agent is a known crawler's, except those of a list.
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kBotDetection;

}  // namespace silverback::plugins
