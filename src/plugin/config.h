// Reading plugin configurations beyond what util/json.h gives. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "util/json.h"

namespace silverback::plugin {

// The strings of a list; null and absent count as empty.
std::vector<std::string> StringList(const Json& config, std::string_view name);

}  // namespace silverback::plugin
