#include "balancer/address.h"

#include <arpa/inet.h>

namespace silverback::balancer {

std::optional<Address> MakeAddress(std::string_view ip, int port) {
  if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
  char text[INET6_ADDRSTRLEN];
  if (ip.empty() || ip.size() >= sizeof(text)) return std::nullopt;
  ip.copy(text, ip.size());
  text[ip.size()] = '\0';
  std::optional<Address> address(std::in_place);
  if (inet_pton(AF_INET, text, &address->socket.v4.sin_addr) == 1) {
    address->socket.v4.sin_family = AF_INET;
    address->socket.v4.sin_port = htons(static_cast<uint16_t>(port));
    address->length = sizeof(sockaddr_in);
    address->text.append(ip).append(":").append(std::to_string(port));
  } else if (inet_pton(AF_INET6, text, &address->socket.v6.sin6_addr) == 1) {
    address->socket.v6.sin6_family = AF_INET6;
    address->socket.v6.sin6_port = htons(static_cast<uint16_t>(port));
    address->length = sizeof(sockaddr_in6);
    address->text.append("[").append(ip).append("]:").append(std::to_string(port));
  } else {
    return std::nullopt;
  }
  address->ip = ip;
  address->port = port;
  return address;
}

}  // namespace silverback::balancer
