// Whether challenges for a host reach the plugin, asked for as an authority would. Event loop only.
#pragma once

#include <functional>
#include <string>

#include "plugin/env.h"

namespace silverback::plugins::acme {

// The error says what was found instead.
void ProbeChallenges(const Json& config, const std::string& host, plugin::PluginEnv& env,
                     std::function<void(Status)> done);

}  // namespace silverback::plugins::acme
