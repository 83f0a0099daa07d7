// RedisClient: plugin::Redis with hiredis' protocol on connections of our own, which never block.
// Connections are kept by server, credentials and database, so that one is never used by whoever
// could not have opened it. One per worker; event loop only.
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

class RedisClient final : public plugin::Redis {
 public:
  // All arguments outlive the client.
  RedisClient(EventLoop& loop, IoLoop& io, dns::Client& dns, SSL_CTX* context)
      : loop_(loop), io_(io), dns_(dns), context_(context) {}
  ~RedisClient() override { *alive_ = false; }

  void Run(const plugin::RedisServer& server, std::vector<std::vector<std::string>> commands,
           Done done) override;

 private:
  struct Call;
  struct Idle {
    std::shared_ptr<TcpConnection> connection;
    std::shared_ptr<void> timer;
  };
  void Connect(const std::shared_ptr<Call>& call);
  void Exchange(const std::shared_ptr<Call>& call);
  void Keep(const Call& call);
  static void End(const std::shared_ptr<Call>& call, const std::string& error);

  EventLoop& loop_;
  IoLoop& io_;
  dns::Client& dns_;
  SSL_CTX* const context_;
  std::map<plugin::RedisServer, std::list<Idle>> idle_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace silverback::nginx
