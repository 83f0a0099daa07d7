// GatewayConf: the settings of a node: kong.conf under KONG_* variables under command line
// overrides, checked, with every derived value (listeners, nginx directives, paths below the
// prefix). Properties, defaults and checks are Kong 2.8's. Immutable after Load; any thread may
// read it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/log.h"
#include "util/json.h"
#include "util/result.h"

namespace silverback::config {

struct Listener {
  std::string ip;
  int port = 0;
  bool ssl = false, http2 = false, proxy_protocol = false, deferred = false, bind = false,
       reuseport = false, udp = false;
  std::string backlog, ipv6only, so_keepalive;  // values as written, "" when not given
  std::string listen;  // for nginx' listen directive: "0.0.0.0:8000 reuseport backlog=16384"
};

struct InjectedDirective {
  std::string name, value;
};

struct LoadOptions {
  std::string file;  // --conf; "" tries /etc/kong/kong.conf, /etc/kong.conf
  std::map<std::string, std::string> overrides;    // from the command line: prefix, ...
  std::map<std::string, std::string> environment;  // the process's KONG_* (and vault) variables
  bool from_prefix = false;  // read PREFIX/.kong_env instead of `file` and the environment
  LogSink log;               // what was read (kVerbose, kDebug), deprecated settings (kWarning)
};

class GatewayConf {
 public:
  // Error: kInvalidInput (the message is the first mistake, fields() the list of all when they were
  // found by checks), kNotFound (a file), kUnavailable (a secret that a setting refers to),
  // kInternal (found after the checks, while putting to use).
  static Result<GatewayConf> Load(const LoadOptions& options);
  // As PREFIX/.kong_env holds it: what the nginx module reads at start.
  static Result<GatewayConf> FromEnvFile(const std::string& path);
  std::string ToEnvFile() const;

  // Every property by its kong.conf name, in its final form: string, integral or fractional number,
  // boolean or list of strings; null when it has no value. Derived ones ("prefix", "nginx_pid",
  // "ssl_cert_default", "lua_package_path", ...) too.
  const Json& values() const { return values_; }
  std::string String(std::string_view name) const;  // "" when unset
  double Number(std::string_view name, double otherwise = 0) const;
  bool Bool(std::string_view name) const;
  std::vector<std::string> List(std::string_view name) const;

  const std::string& prefix() const { return prefix_; }  // absolute
  // "sqlite" (default without any database setting), "postgres", "cassandra" or "off".
  const std::string& database() const { return database_; }
  bool embedded_store() const { return database_ == "sqlite"; }
  const std::vector<std::string>& plugins() const {
    return plugins_;
  }  // enabled, "bundled" expanded
  bool HeaderEnabled(
      std::string_view name) const;  // of `headers`: "Via", "X-Kong-Proxy-Latency", ...

  // by "proxy_listen", "admin_listen", "status_listen", "stream_listen", "cluster_listen"
  const std::vector<Listener>& listeners(std::string_view property) const;
  // by block: "nginx_main_directives", "nginx_http_directives", "nginx_proxy_directives", ...
  const std::vector<InjectedDirective>& injected(std::string_view block) const;

  // The "configuration" of GET /.
  Json Shown() const;

 private:
  struct Reference {
    std::string text, secret;  // "{vault://...}" and what it stands for
  };
  friend class Loader;
  friend class PrefixWriter;
  Json values_ = Json::object();
  std::string prefix_, database_;
  std::vector<std::string> plugins_;
  std::map<std::string, Reference, std::less<>> references_;  // settings that are such
  std::map<std::string, std::vector<Listener>, std::less<>> listeners_;
  std::map<std::string, std::vector<InjectedDirective>, std::less<>> injected_;
};

}  // namespace silverback::config
