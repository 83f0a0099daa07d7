// Host names of routes and requests: ports and wildcards, as Kong 2.8 reads them. Pure functions;
// any thread.
#pragma once

#include <string>
#include <string_view>

namespace silverback::router {

struct HostParts {
  std::string_view without_port;  // into the given name; brackets of IPv6 addresses peeled off
  bool has_port = false;
};

// The port must be decimal digits; a name with a port that is none stays whole.
HostParts SplitPort(std::string_view name);

// The name with the port that it has, or with `default_port`; into `out` (cleared before).
void WithPort(std::string_view name, int default_port, std::string& out);

// A route's host that holds a "*": matches names that begin with `prefix`, end with `suffix` and
// have at least one character between. `suffix` may hold a port; if it has none, the name's port
// does not count.
struct HostPattern {
  std::string_view prefix, suffix;
  bool has_port = false;

  static HostPattern Parse(std::string_view host);  // REQUIRES: `host` holds a "*".
  // `with_port`: as from WithPort.
  bool Matches(std::string_view with_port) const;
};

// `with_port` without a trailing ":digits".
std::string_view StripDigits(std::string_view with_port);

}  // namespace silverback::router
