// Network: what a worker needs to reach others: the loop for libraries with sockets, the DNS
// client, the upstreams with their balancers, and the probes of the active health checks. Event
// loop only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "config/gateway_conf.h"
#include "health/table.h"
#include "nginx/event_loop.h"
#include "nginx/io_loop.h"
#include "plugin/env.h"
#include "util/result.h"

namespace silverback::dns {
class Client;
}
namespace silverback::runtime {
class Snapshot;
class Upstreams;
}  // namespace silverback::runtime

namespace silverback::nginx {

class Network {
 public:
  // Remembers LOCALDOMAIN and RES_OPTIONS for the workers, which do not see them: to be called
  // while nginx reads its configuration.
  static void ReadEnvironment();
  // Reads resolv.conf and the hosts file (blocking). All arguments outlive the object. An error
  // says which name server cannot be used.
  static Result<std::unique_ptr<Network>> Create(const config::GatewayConf& conf,
                                                 health::Table& table, EventLoop& loop,
                                                 plugin::Logger& log, ngx_log_t* nginx_log);
  ~Network();

  IoLoop& io();
  dns::Client& dns();
  runtime::Upstreams& upstreams();

  // After each change of the configuration.
  void Use(std::shared_ptr<const runtime::Snapshot> snapshot);

 private:
  struct Parts;
  explicit Network(std::unique_ptr<Parts> parts);
  void Tick();

  std::unique_ptr<Parts> parts_;
};

}  // namespace silverback::nginx
