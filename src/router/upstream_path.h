// The path that the upstream sees, made of the service's path and what the route leaves of the
// request's. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace silverback::router {

struct PathParts {
  std::string_view service_path;  // "" counts as "/"
  std::string_view request_path;  // normalised
  // What follows the part that the route's path matched; none when no path matched.
  std::optional<std::string_view> rest;
  bool strip = true;
  bool v1 = false;  // path_handling
};

// Escaped, ready for a request line; without query.
std::string UpstreamPath(const PathParts& parts);

}  // namespace silverback::router
