// TcpPool: connections to receivers of bytes, kept for their next use; what plugins send by TCP
// goes through it. One per worker; event loop only. A graceful shutdown waits for what is being
// sent.
#pragma once

#include <list>
#include <map>

#include "nginx/event_loop.h"
#include "nginx/io_loop.h"
#include "nginx/tcp_connection.h"
#include "plugin/env.h"

namespace silverback::dns {
class Client;
}

namespace silverback::nginx {

class TcpPool final : public plugin::TcpSender {
 public:
  // All arguments outlive the pool.
  TcpPool(EventLoop& loop, IoLoop& io, dns::Client& dns, SSL_CTX* context)
      : loop_(loop), io_(io), dns_(dns), context_(context) {}
  ~TcpPool() override { *alive_ = false; }

  void Send(const plugin::TcpReceiver& receiver, std::string bytes,
            std::function<void(std::string)> done) override;

 private:
  struct Idle {
    std::shared_ptr<TcpConnection> connection;
    std::shared_ptr<void> timer;
  };
  struct Delivery;
  void Connect(const std::shared_ptr<Delivery>& delivery);
  void Deliver(const std::shared_ptr<Delivery>& delivery);
  void Keep(const Delivery& delivery);

  EventLoop& loop_;
  IoLoop& io_;
  dns::Client& dns_;
  SSL_CTX* const context_;
  std::map<plugin::TcpReceiver, std::list<Idle>> idle_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace silverback::nginx
