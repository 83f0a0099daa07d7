// Admin API: request in, response out; plain C++ without nginx. Handle may be called from any
// thread and blocks on the store. Behaviour: Kong 2.8's Admin API (paths, bodies, errors); what is
// ours is documented in doc/admin_api.md.
#pragma once

#include <functional>
#include <memory>
#include <optional>
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

// Whether answering it may take long because other hosts are asked: it should not keep a thread
// from those that do not.
bool WaitsForOthers(const Request& request);

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
  virtual std::string LuaVersion() { return "LuaJIT 2.1"; }
  // {"server": {...}, "memory": {...}} of GET /status; sizes in bytes, the API writes their units.
  virtual Json Status() = 0;
  virtual Json Pids() = 0;  // {"master": n, "workers": [...]}
  virtual std::string NodeId() = 0;
  virtual uint64_t Generation() = 0;  // of the replica that every worker serves by
  // Health of an upstream as the balancer sees it; null when it is not loaded:
  //   {"health": "HEALTHY" | "UNHEALTHY" | "HEALTHCHECKS_OFF",
  //    "details": {"healthy": true, "hosts": [...], "weight": {...}},  // absent: checks are off
  //    "targets": {"HOST:PORT": {
  //      "health": "HEALTHY" | "UNHEALTHY" | "HEALTHCHECKS_OFF" | "DNS_ERROR",
  //      "data": {"host": ..., "port": n, "dns": "A", "nodeWeight": n,
  //               "weight": {"total": n, "available": n, "unavailable": n},
  //               "addresses": [{"ip": ..., "port": n, "weight": n, "health": "HEALTHY"}]}}}}
  virtual Json UpstreamHealth(std::string_view upstream_id) = 0;
  // Status by hand, for one address ("IP:PORT") or, with "", for all of the target. Holds
  // without health checks too.
  virtual void SetTargetHealth(std::string_view upstream_id, std::string_view target,
                               std::string_view address, bool healthy) = 0;
  virtual Json ExplainRoute(const Json& request) = 0;  // for /debug/route
  virtual Json Dns() { return Json::array(); }  // for /debug/dns: what the worker knows of names
  virtual std::string Metrics(bool datastore_reachable) = 0;  // Prometheus' text
  // /cache/:key: whether a row that was looked up by `key` is kept by the node's workers.
  virtual bool CacheHas(std::string_view entity, const store::Key& key) = 0;
  virtual void CacheDelete(std::string_view entity, const store::Key& key) = 0;
  virtual void CacheClear() = 0;

  // The answers that proxy-cache keeps in one of the node's dictionaries: an entry as the plugin
  // describes it; whether there was one to delete.
  virtual std::optional<Json> ProxyCacheGet(std::string_view /*dictionary*/,
                                            std::string_view /*key*/) {
    return std::nullopt;
  }
  virtual bool ProxyCacheDelete(std::string_view /*dictionary*/, std::string_view /*key*/) {
    return false;
  }
  virtual void ProxyCachePurge(std::string_view /*dictionary*/) {}

  // acme, with the configuration of one of its plugins: orders a certificate now, and waits for it;
  // asks over HTTP, as the authority would, whether challenges for `host` reach the plugin (the
  // error says what was found instead); renews what ends soon, in the background; the certificates
  // that are kept, as GET /acme/certificates shows them: of one host or, with "", of all.
  virtual silverback::Status AcmeOrder(const Json& config, const std::string& host);
  virtual silverback::Status AcmeTest(const Json& config, const std::string& host);
  virtual void AcmeRenew(const Json& /*config*/) {}
  virtual Result<std::vector<Json>> AcmeCertificates(const Json& /*config*/,
                                                     const std::string& /*host*/) {
    return std::vector<Json>();
  }
};

// The declarative configuration of a node without a database (database = off).
class DeclarativeLoader {
 public:
  virtual ~DeclarativeLoader() = default;
  // Makes `text` (YAML or JSON) or `document` the node's whole configuration; on an error
  // (kDeclarativeConfig with fields) the previous one stays. Gives the entities by kind and id, as
  // the answer of POST /config: a JSON text.
  virtual Result<std::string> LoadText(const std::string& text) = 0;
  virtual Result<std::string> LoadDocument(Json document) = 0;
  virtual Result<std::string> Export() = 0;  // the current configuration as YAML
  virtual std::string Hash() = 0;            // MD5 of what was loaded; zeros before the first
};

class Api {
 public:
  // All arguments outlive the Api. `loader` is needed with database = off.
  Api(const config::GatewayConf& conf, const entity::Catalog& catalog, store::Dao& dao, Node& node,
      DeclarativeLoader* loader = nullptr);
  ~Api();
  Response Handle(const Request& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace silverback::admin
