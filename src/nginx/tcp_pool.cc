#include "nginx/tcp_pool.h"

#include "dns/client.h"

namespace silverback::nginx {

struct TcpPool::Delivery {
  plugin::TcpReceiver receiver;
  std::string bytes;
  std::function<void(std::string)> done;
  EventLoop::Hold hold;
  std::shared_ptr<TcpConnection> connection{};
};

void TcpPool::Send(const plugin::TcpReceiver& receiver, std::string bytes,
                   std::function<void(std::string)> done) {
  std::shared_ptr<Delivery> delivery(
      new Delivery{receiver, std::move(bytes), std::move(done), EventLoop::Hold(loop_)});
  auto& idle = idle_[receiver];
  while (!idle.empty()) {
    delivery->connection = std::move(idle.back().connection);
    idle.pop_back();
    if (delivery->connection->IsIdle()) return Deliver(delivery);
  }
  delivery->connection = std::make_shared<TcpConnection>(io_, context_);
  dns_.ToEndpoint(receiver.host, receiver.port,
                  [this, alive = std::weak_ptr(alive_), delivery](const auto& endpoint) {
                    if (alive.expired()) return;
                    if (!endpoint) return delivery->done(endpoint.error().message());
                    const auto& to = delivery->receiver;
                    delivery->connection->Connect(
                        {endpoint->ip, endpoint->port, to.tls, false,
                         to.server_name.empty() ? to.host : to.server_name},
                        to.timeout_ms, [this, delivery](const std::string& error) {
                          if (error.empty()) return Deliver(delivery);
                          delivery->done("failed to connect: " + error);
                        });
                  });
}

void TcpPool::Deliver(const std::shared_ptr<Delivery>& delivery) {
  delivery->connection->Send(std::move(delivery->bytes), delivery->receiver.timeout_ms,
                             [this, delivery](const std::string& error) {
                               if (error.empty()) Keep(*delivery);
                               delivery->done(error.empty() ? "" : "failed to send: " + error);
                             });
}

void TcpPool::Keep(const Delivery& delivery) {
  if (delivery.receiver.keepalive_ms <= 0) return;
  auto& idle = idle_[delivery.receiver];
  idle.push_front({delivery.connection, nullptr});
  const auto place = idle.begin();
  const TcpConnection* connection = delivery.connection.get();
  place->timer = io_.After(delivery.receiver.keepalive_ms / 1000.0, [&idle, connection] {
    idle.remove_if([connection](const Idle& each) { return each.connection.get() == connection; });
  });
}

}  // namespace silverback::nginx
