// Addresses as settings write them. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "util/result.h"

namespace silverback::config {

struct Address {
  enum Kind { kName, kIpv4, kIpv6 };
  Kind kind = kName;
  std::string host;  // IPv6: eight groups of four lower-case digits, without brackets
  std::optional<int> port;
};

// An IPv4 address, an IPv6 address (in brackets when a port follows) or a host name, each with or
// without a port. Error: kInvalidInput with what is wrong with it.
Result<Address> ParseAddress(std::string_view text);

// An IPv4 or IPv6 address, or a block of them ("10.0.0.0/8").
bool IsIpOrBlock(std::string_view text);

}  // namespace silverback::config
