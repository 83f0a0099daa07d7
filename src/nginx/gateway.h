// Gateway: what one nginx worker is made of: its configuration, the node's replica, the snapshot
// that it serves by, the services that plugins use and the Admin API. Made when the worker starts,
// gone when it exits. Event loop only, but for what the members allow.
#pragma once

#include <memory>
#include <string>

#include "config/gateway_conf.h"
#include "nginx/background.h"
#include "nginx/conf.h"
#include "nginx/event_loop.h"
#include "nginx/ngx.h"
#include "plugin/env.h"
#include "runtime/worker.h"

namespace silverback::admin {
class Api;
}
namespace silverback::dns {
class Client;
}
namespace silverback::runtime {
class Upstreams;
}

namespace silverback::nginx {

class CertificateStore;
class KeepalivePool;
class Network;

// Which of our own response headers are on (`headers` in kong.conf).
struct HeaderSwitches {
  bool via, server, proxy_latency, upstream_latency, response_latency, admin_latency,
      upstream_status;
};

class Gateway {
 public:
  // Logs what is wrong and gives nullptr.
  static std::unique_ptr<Gateway> Create(ngx_cycle_t* cycle, const NodeConf& conf);
  ~Gateway();

  const config::GatewayConf& conf() const;
  const HeaderSwitches& headers() const { return headers_; }
  const std::shared_ptr<const runtime::Snapshot>& snapshot() const;
  plugin::Logger& log();
  plugin::PluginEnv& env();
  EventLoop& loop();
  CertificateStore& certificates();
  KeepalivePool& keepalive();
  dns::Client& dns();
  runtime::Upstreams& upstreams();
  // The Admin API and the threads that it runs on.
  admin::Api& api();
  ThreadPool& admin_threads();
  ThreadPool& slow_admin_threads();  // for what waits for other hosts
  // The port that clients see for one that we listen on (`port_maps`).
  int MappedPort(int port) const;
  // Whether a peer's X-Forwarded-* headers are believed (`trusted_ips`).
  std::string_view PortText(int port);
  bool trusts_anyone() const;
  bool Trusts(std::string_view ip) const;

 private:
  Gateway();
  struct Parts;
  std::unique_ptr<Parts> parts_;
  HeaderSwitches headers_{};
};

// The worker's one; REQUIRES: the worker has started.
Gateway& ThisGateway();

// Makes it, unless another block's module has done so or `conf` does not use it.
ngx_int_t StartGateway(ngx_cycle_t* cycle, const NodeConf& conf);
void StopGateway();

}  // namespace silverback::nginx
