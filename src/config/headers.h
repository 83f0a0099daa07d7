// The headers that the gateway adds to answers, as the setting `headers` names them. Pure
// functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "util/json.h"

namespace silverback::config {

// The header or group of that name in any case; nullptr when there is none.
const std::string_view* FindHeaderToken(std::string_view name);

// Every header and group with whether `headers` switches it on.
Json EnabledHeaders(const std::vector<std::string>& headers);

}  // namespace silverback::config
