// Admin API: request in, response out; plain C++ without nginx. Handle may be called from any
// thread and blocks on the store. Behaviour: Kong 2.8's Admin API (paths, bodies, errors); what is
// ours is documented in doc/admin_api.md.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/gateway_conf.h"
#include "entity/catalog.h"
#include "store/dao.h"
#include "util/json.h"

namespace silverback::admin {

struct Request {
  std::string method;
  std::string target;  // as received: raw path and query
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool status_listener =
      false;  // came in on status_listen: only /status and /metrics (and / ...) are there
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>>
      headers;  // Content-Type among them; Date and Content-Length are the server's
  std::string body;
};

// What the API asks of the running node; the nginx side implements it, tests fake it.
class Node {
 public:
  virtual ~Node() = default;
  virtual Json Status() = 0;  // {"server": {...}, "memory": {...}} of GET /status
  virtual Json Pids() = 0;    // {"master": n, "workers": [...]}
  virtual std::string NodeId() = 0;
  virtual uint64_t Generation() = 0;  // of the replica that every worker serves by
  // Health of an upstream's targets: {"HOST:PORT": {"health": "HEALTHY", "addresses": [...]}, ...};
  // null when it is not loaded.
  virtual Json UpstreamHealth(std::string_view upstream_id) = 0;
  // Status by hand; false: no such target or address.
  virtual Result<bool> SetTargetHealth(std::string_view upstream_id, std::string_view target,
                                       std::string_view address, bool healthy) = 0;
  virtual Json ExplainRoute(const Json& request) = 0;  // for /debug/route
  virtual std::string Metrics() = 0;  // Prometheus text; "" when the plugin is not enabled
  virtual bool CacheHas(std::string_view key) = 0;  // /cache/:key
  virtual void CacheDelete(std::string_view key) = 0;
  virtual void CacheClear() = 0;
};

class Api {
 public:
  // All arguments outlive the Api.
  Api(const config::GatewayConf& conf, const entity::Catalog& catalog, store::Dao& dao, Node& node);
  ~Api();
  Response Handle(const Request& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace silverback::admin
