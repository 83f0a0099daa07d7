// Cookies of a request (RFC 6265, read leniently as browsers' servers do). Pure functions; any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace silverback::http {

// "a=1; b=2" gives {{"a", "1"}, {"b", "2"}}; pairs without "=" are left out. The views point into
// `header`.
std::vector<std::pair<std::string_view, std::string_view>> ParseCookies(std::string_view header);

}  // namespace silverback::http
