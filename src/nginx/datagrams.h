// UdpSender: plugin::Datagrams over sockets that never block; names by the node's DNS client.
// Event loop only.
#pragma once

#include "dns/client.h"
#include "plugin/env.h"

namespace silverback::nginx {

class UdpSender final : public plugin::Datagrams {
 public:
  // All outlive the sender.
  UdpSender(dns::Client& dns, plugin::Logger& log) : dns_(dns), log_(log) {}
  ~UdpSender() override;
  UdpSender(const UdpSender&) = delete;
  UdpSender& operator=(const UdpSender&) = delete;

  void Send(const std::string& host, int port, std::string bytes) override;

 private:
  void SendTo(const dns::Endpoint& endpoint, const std::string& bytes);
  int SocketFor(int family);

  dns::Client& dns_;
  plugin::Logger& log_;
  int v4_ = -1, v6_ = -1;
};

}  // namespace silverback::nginx
