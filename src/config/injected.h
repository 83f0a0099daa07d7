// nginx directives that settings put into blocks of nginx' configuration. Pure functions; any
// thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/gateway_conf.h"
#include "util/json.h"

namespace silverback::config {

using InjectedBlocks = std::map<std::string, std::vector<InjectedDirective>, std::less<>>;

// The nginx_BLOCK_DIRECTIVE members of `values` by block ("nginx_http_directives"), sorted by
// directive. Values NONE and directives that are no longer nginx' business are left out.
InjectedBlocks CollectInjected(const Json& values);

Json ShowInjected(const std::vector<InjectedDirective>& directives);

}  // namespace silverback::config
