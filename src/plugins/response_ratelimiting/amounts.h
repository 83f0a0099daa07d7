// What a service says that an answer has used: "videos=1, images=2.5". Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace silverback::plugins {

// By name; what is malformed is left out.
std::map<std::string, double, std::less<>> ParseAmounts(std::string_view header);

}  // namespace silverback::plugins
