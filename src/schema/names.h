// Host names, addresses and text as Kong's validators judge them. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace silverback::schema {

// HostPort::error of a port above 65535.
inline constexpr std::string_view kInvalidPort = "invalid port number";

struct HostPort {
  bool valid = false;
  bool is_ip = false;
  std::string host;  // without brackets
  std::optional<int> port;
  std::string error;  // what is wrong with it, in Kong's words
};

// "name", "name:port", "1.2.3.4", "1.2.3.4:port", "::1", "[::1]:port".
HostPort ParseHostPort(std::string_view text);
bool IsIp(std::string_view text);
bool IsIpOrCidr(std::string_view text);

// Position (from 1) of the first byte that is not part of valid UTF-8.
std::optional<size_t> InvalidUtf8At(std::string_view text);

// "" when `code` compiles as Lua.
std::string LuaSyntaxError(const std::string& code);

}  // namespace silverback::schema
