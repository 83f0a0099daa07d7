// Router: Kong 2.8's traditional router as an index whose cost of a match does not grow with the
// number of routes. Behaviour: hosts (exact, wildcard, with ports), paths (prefix, regex with
// regex_priority), methods, headers, snis, sources and destinations; precedence by number of
// matching categories, then header count, regex priority, path length, created_at.
//
// A Router is immutable after Build; any thread may match on it. Matching allocates nothing but
// what the result holds.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "entity/model.h"
#include "util/result.h"

namespace silverback::router {

// What a request looks like to the router. Views live as long as the call.
struct Request {
  std::string_view method;
  std::string_view scheme;  // "http", "https" (gRPC: decided by `grpc`), for streams "tcp", "tls",
                            // "udp", "tls_passthrough"
  std::string_view host;  // raw Host header (or :authority), with its port if it had one; case kept
  std::string_view path;  // without query, as NormalizePath (router/normalize.h) gives it
  std::string_view query;  // raw, without "?"
  bool has_query = false;  // "/q?" has one that is empty
  std::string_view sni;    // "" without TLS or SNI
  bool https = false;      // the client's connection (or a trusted X-Forwarded-Proto) is TLS
  bool grpc = false;       // content-type application/grpc over HTTP/2
  std::string_view src_ip, dst_ip;  // streams
  int src_port = 0, dst_port = 0;
  // All values of a request header (lower-case name, '-' and '_' taken as the same), or an empty
  // list.
  std::function<void(std::string_view name, std::vector<std::string_view>& values)> header_values;
};

struct Match {
  const entity::Route* route = nullptr;  // owned by the router
  // Path for the upstream: service path and strip_path applied, escaped as it goes into the request
  // line, without query.
  std::string upstream_path;
  // Part of Request::path that the route's path matched; "" for routes without paths. Kong sends it
  // as X-Forwarded-Prefix when `stripped`, unless it is "/".
  std::string_view matched_prefix;
  bool stripped = false;
  std::string upstream_host;  // for preserve_host: the client's Host; "" otherwise
  std::vector<std::pair<std::string, std::string>>
      captures;  // regex captures: named, then "0".."n"
};

struct Explanation {  // for GET /debug/route
  const entity::Route* route;
  std::string
      verdict;  // "matched", or why it lost: "host does not match", "lower priority than ..."
};

class Router {
 public:
  // Routes with an invalid regex are left out and named in `skipped` (never a reason to serve
  // nothing).
  static std::shared_ptr<const Router> Build(
      std::vector<std::shared_ptr<const entity::Route>> routes,
      std::vector<std::string>* skipped = nullptr);
  virtual ~Router() = default;

  virtual std::optional<Match> Find(const Request& request) const = 0;
  virtual std::vector<Explanation> Explain(const Request& request) const = 0;
  virtual size_t size() const = 0;
  virtual size_t memory_bytes() const = 0;
};

}  // namespace silverback::router
