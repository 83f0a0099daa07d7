#include "nginx/datagrams.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "balancer/address.h"

namespace silverback::nginx {

UdpSender::~UdpSender() {
  for (const int socket : {v4_, v6_}) {
    if (socket != -1) close(socket);
  }
}

void UdpSender::Send(const std::string& host, int port, std::string bytes) {
  dns_.ToEndpoint(host, port, [this, host, bytes = std::move(bytes)](const auto& endpoint) {
    if (endpoint) return SendTo(*endpoint, bytes);
    log_.Log(plugin::LogLevel::kError,
             "failed to connect to " + host + ": " + endpoint.error().message());
  });
}

int UdpSender::SocketFor(int family) {
  int& known = family == AF_INET6 ? v6_ : v4_;
  if (known == -1) known = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return known;
}

void UdpSender::SendTo(const dns::Endpoint& endpoint, const std::string& bytes) {
  const auto address = balancer::MakeAddress(endpoint.ip, endpoint.port);
  const int socket = address ? SocketFor(address->socket.generic.sa_family) : -1;
  const ssize_t sent = socket == -1 ? -1
                                    : sendto(socket, bytes.data(), bytes.size(), 0,
                                             &address->socket.generic, address->length);
  if (sent >= 0) return;
  log_.Log(plugin::LogLevel::kError, "failed to send data to " + endpoint.ip + ":" +
                                         std::to_string(endpoint.port) + ": " +
                                         std::strerror(errno));
}

}  // namespace silverback::nginx
