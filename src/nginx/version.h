// What the gateway calls itself on the wire: clients decide by Kong's version.
#pragma once

#include <string_view>

namespace silverback::nginx {

constexpr std::string_view kServerName = "kong/2.8.5";
// What Kong's engine calls itself where HTTP/2 clients have always seen a name.
constexpr std::string_view kEngineName = "openresty";

}  // namespace silverback::nginx
