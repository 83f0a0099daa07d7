// The request target: splitting it into path and query, and path segments into decoded names. Pure
// functions on text as it came from the network; any thread; nothing fails, odd input is kept as it
// is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace silverback::http {

struct Target {
  std::string_view path;   // before "?", still encoded; never empty
  std::string_view query;  // after "?", "" when there is none
};

// `target` as in the request line: "/a/b?c", also in absolute form ("http://host/a"). The views
// point into it.
Target SplitTarget(std::string_view target);

// "/a/b%20c/" gives {"a", "b%20c", ""}: still encoded, so that an encoded slash stays inside its
// segment.
std::vector<std::string_view> PathSegments(std::string_view path);

}  // namespace silverback::http
