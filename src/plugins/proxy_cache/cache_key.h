// The key under which proxy-cache keeps the answer to a request. Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "plugin/exchange.h"

namespace silverback::plugins {

// 32 hexadecimal digits of: consumer, route, method, path, query arguments (all, or those of
// `vary_query_params`), headers of `vary_headers`.
std::string CacheKey(const plugin::Exchange& exchange,
                     const std::vector<std::string>& vary_query_params,
                     const std::vector<std::string>& vary_headers);

}  // namespace silverback::plugins
