// An address that a socket can connect to, made once and used for many requests. Plain data.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace silverback::balancer {

struct Address {
  union {
    sockaddr generic;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } socket{};
  socklen_t length = 0;  // 0: none
  std::string ip;        // as text, without brackets
  std::string text;      // "IP:PORT" or "[IPV6]:PORT"
  int port = 0;
  // What its user keeps for it, such as its pool of connections. Event loop only.
  mutable std::shared_ptr<void> attachment;
};

// From an IP address as text (brackets around IPv6 allowed); nullopt for anything else.
std::optional<Address> MakeAddress(std::string_view ip, int port);

}  // namespace silverback::balancer
