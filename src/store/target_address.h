// Addresses of targets in the form in which they are stored. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

namespace silverback::store {

// "host" gets the port 8000, IPv6 addresses are written in full within brackets:
// "::1" becomes "[0000:0000:0000:0000:0000:0000:0000:0001]:8000". What is no address stays as it
// is.
std::string FormatTarget(std::string_view target);

}  // namespace silverback::store
