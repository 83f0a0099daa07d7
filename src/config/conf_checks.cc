#include "config/conf_checks.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>

#include "config/addresses.h"
#include "config/cipher_suites.h"
#include "config/headers.h"
#include "util/string_util.h"

namespace silverback::config {
namespace {

namespace fs = std::filesystem;

class Checker {
 public:
  Checker(Json& values, const LogSink& log) : values_(values), log_(log) {}

  std::vector<std::string> Run() {
    CheckPortMaps();
    CheckCassandra();
    CheckListenerCertificates("proxy_", "");
    CheckListenerCertificates("admin_", "admin_");
    CheckListenerCertificates("status_", "status_");
    CheckClientCertificate();
    CompleteTrustedCertificates();
    CompleteCipherSuite();
    CheckDhParameters();
    CheckNames();
    CheckAddresses();
    CheckPostgresNumbers();
    CheckRole();
    CheckLowerBounds();
    return std::move(errors_);
  }

 private:
  std::string Text(std::string_view name) const { return StringMember(values_, name); }

  std::vector<std::string> List(std::string_view name) const {
    const Json* list = FindMember(values_, name);
    return list && list->is_array() ? list->get<std::vector<std::string>>()
                                    : std::vector<std::string>();
  }

  std::optional<double> Number(std::string_view name) const {
    const Json* value = FindMember(values_, name);
    if (!value || !value->is_number()) return std::nullopt;
    return value->get<double>();
  }

  void Fail(std::string text) { errors_.push_back(std::move(text)); }

  // A number that must be there. 0 in place of a missing one.
  std::optional<double> Required(std::string_view name) {
    const auto number = Number(name);
    if (!number) Fail(fmt::format("{} must be a number", name));
    return number;
  }

  static bool Exists(const std::string& path) {
    std::error_code ignored;
    return fs::exists(path, ignored);
  }

  void MustExist(std::string_view property, const std::string& path) {
    if (!Exists(path)) Fail(fmt::format("{}: no such file at {}", property, path));
  }

  bool HasFlag(std::string_view listen_property, std::string_view flag) const {
    for (const std::string& entry : List(listen_property)) {
      const std::vector<std::string_view> words = Split(entry, ' ');
      if (std::find(words.begin() + 1, words.end(), flag) != words.end()) return true;
    }
    return false;
  }

  static std::optional<int> Port(std::string_view text) {
    int port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc() || end != text.data() + text.size() || port < 1 || port > 65535) {
      return std::nullopt;
    }
    return port;
  }

  void CheckPortMaps() {
    Json host_ports = Json::object();
    for (const std::string& map : List("port_maps")) {
      const size_t colon = map.find(':');
      const auto host = colon == std::string::npos
                            ? std::nullopt
                            : Port(Trim(std::string_view(map).substr(0, colon)));
      const auto kong = colon == std::string::npos
                            ? std::nullopt
                            : Port(Trim(std::string_view(map).substr(colon + 1)));
      if (!host || !kong) {
        Fail("invalid port mapping (`port_maps`): " + map);
        continue;
      }
      host_ports[std::to_string(*kong)] = *host;
    }
    values_["host_ports"] = std::move(host_ports);
  }

  void CheckCassandra() {
    if (Text("database") != "cassandra") return;
    if (log_) {
      log_(LogLevel::kWarning,
           "Support for Cassandra is deprecated. Please refer to "
           "https://konghq.com/blog/cassandra-support-deprecated");
    }
    const std::string policy = Text("cassandra_lb_policy");
    if (policy.find("DCAware") != std::string::npos && Text("cassandra_local_datacenter").empty()) {
      Fail("must specify 'cassandra_local_datacenter' when " + policy + " policy is in use");
    }
    const auto refresh = Required("cassandra_refresh_frequency");
    if (refresh && *refresh < 0) Fail("cassandra_refresh_frequency must be 0 or greater");
    for (const std::string& point : List("cassandra_contact_points")) {
      const auto address = ParseAddress(point);
      if (address && !address->port) continue;
      Fail(fmt::format(
          "bad cassandra contact point '{}': {}", point,
          address ? "port must be specified in cassandra_port" : address.error().message()));
    }
    if (log_ && Number("db_update_propagation").value_or(0) == 0) {
      log_(LogLevel::kWarning,
           "You are using Cassandra but your 'db_update_propagation' setting is set to '0' "
           "(default). Due to the distributed nature of Cassandra, you should increase this "
           "value.");
    }
  }

  void CheckListenerCertificates(std::string_view listener, std::string_view prefix) {
    bool ssl = HasFlag(fmt::format("{}listen", listener), "ssl");
    if (listener == "proxy_") ssl = ssl || HasFlag("stream_listen", "ssl");
    if (!ssl) return;
    const std::string cert = fmt::format("{}ssl_cert", prefix);
    const std::string key = cert + "_key";
    const std::vector<std::string> certs = List(cert), keys = List(key);
    if (!certs.empty() && keys.empty()) {
      Fail(key + " must be specified");
    } else if (certs.empty() && !keys.empty()) {
      Fail(cert + " must be specified");
    } else if (certs.size() != keys.size()) {
      Fail(fmt::format("{} was specified {} times while {} was specified {} times", cert,
                       certs.size(), key, keys.size()));
    }
    for (const std::string& path : certs) MustExist(cert, path);
    for (const std::string& path : keys) MustExist(key, path);
  }

  void CheckClientCertificate() {
    if (!BoolMember(values_, "client_ssl")) return;
    const std::string cert = Text("client_ssl_cert"), key = Text("client_ssl_cert_key");
    if (!cert.empty() && key.empty()) Fail("client_ssl_cert_key must be specified");
    if (cert.empty() && !key.empty()) Fail("client_ssl_cert must be specified");
    if (!cert.empty()) MustExist("client_ssl_cert", cert);
    if (!key.empty()) MustExist("client_ssl_cert_key", key);
  }

  // "system" becomes the distribution's bundle.
  void CompleteTrustedCertificates() {
    Json paths = Json::array();
    for (std::string path : List("lua_ssl_trusted_certificate")) {
      if (path == "system") {
        path = SystemBundle();
        if (path.empty()) continue;
      }
      MustExist("lua_ssl_trusted_certificate", path);
      paths.push_back(path);
    }
    values_["lua_ssl_trusted_certificate"] = std::move(paths);
  }

  static std::string SystemBundle() {
    for (const char* path :
         {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
          "/etc/ssl/ca-bundle.pem", "/etc/pki/tls/cacert.pem",
          "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem"}) {
      if (Exists(path)) return path;
    }
    return "";
  }

  void Set(std::string_view name, std::string_view value) {
    values_[std::string(name)] = value.empty() ? Json() : Json(value);
  }

  void CompleteCipherSuite() {
    const std::string name = Text("ssl_cipher_suite");
    if (name == "custom") return;
    const CipherSuite* suite = FindCipherSuite(name);
    if (!suite) return Fail("Undefined cipher suite " + (name.empty() ? "nil" : name));
    Set("ssl_ciphers", suite->ciphers);
    for (const char* block : {"nginx_http_", "nginx_stream_"}) {
      Set(fmt::format("{}ssl_protocols", block), suite->protocols);
      Set(fmt::format("{}ssl_prefer_server_ciphers", block), suite->prefer_server_ciphers);
      if (name != "old") Set(fmt::format("{}ssl_dhparam", block), suite->dhparam);
    }
    if (name != "old") Set("ssl_dhparam", suite->dhparam);
  }

  void CheckDhParameters() {
    if (const std::string path = Text("ssl_dhparam"); !path.empty()) {
      if (!IsDhGroup(path)) MustExist("ssl_dhparam", path);
      return;
    }
    for (const char* name : {"nginx_http_ssl_dhparam", "nginx_stream_ssl_dhparam"}) {
      const std::string path = Text(name);
      if (!path.empty() && path != "NONE" && !IsDhGroup(path)) MustExist(name, path);
    }
  }

  void CheckNames() {
    for (const std::string& token : List("headers")) {
      if (token != "off" && !FindHeaderToken(token)) {
        Fail(fmt::format("headers: invalid entry '{}'", token));
      }
    }
    for (const std::string& server : List("dns_resolver")) {
      const auto address = ParseAddress(server);
      if (address && address->kind != Address::kName) continue;
      Fail(
          fmt::format("dns_resolver must be a comma separated list in the form of IPv4/6 or "
                      "IPv4/6:port, got '{}'",
                      server));
    }
    std::error_code ignored;
    if (const std::string hosts = Text("dns_hostsfile");
        !hosts.empty() && !fs::is_regular_file(hosts, ignored)) {
      Fail("dns_hostsfile: file does not exist");
    }
    constexpr std::array<std::string_view, 5> kTypes = {"last", "a", "aaaa", "cname", "srv"};
    for (const std::string& type : List("dns_order")) {
      if (std::find(kTypes.begin(), kTypes.end(), ToLower(type)) == kTypes.end()) {
        Fail(fmt::format("dns_order: invalid entry '{}'", type));
      }
    }
  }

  void CheckAddresses() {
    for (const std::string& address : List("trusted_ips")) {
      if (IsIpOrBlock(address) || address == "unix:") continue;
      Fail(
          fmt::format("trusted_ips must be a comma separated list in the form of IPv4 or IPv6 "
                      "address or CIDR block or 'unix:', got '{}'",
                      address));
    }
  }

  void CheckPostgresNumbers() {
    for (const char* name : {"pg_max_concurrent_queries", "pg_semaphore_timeout"}) {
      if (Required(name)) CheckPositiveInteger(name);
    }
    for (const char* name : {"pg_ro_max_concurrent_queries", "pg_ro_semaphore_timeout"}) {
      CheckPositiveInteger(name);
    }
    const auto frequency = Required("worker_state_update_frequency");
    if (frequency && *frequency <= 0) Fail("worker_state_update_frequency must be greater than 0");
  }

  void CheckPositiveInteger(std::string_view name) {
    const auto number = Number(name);
    if (!number) return;
    if (*number < 0) Fail(fmt::format("{} must be greater than 0", name));
    if (*number != std::floor(*number)) {
      Fail(fmt::format("{} must be an integer greater than 0", name));
    }
  }

  bool IsOff(std::string_view listen_property) const {
    const std::vector<std::string> entries = List(listen_property);
    return entries.empty() || entries[0] == "off";
  }

  void CheckRole() {
    const std::string role = Text("role");
    if (role == "control_plane") {
      CheckControlPlane();
    } else if (role == "data_plane") {
      CheckDataPlane();
    }
    const auto delay = Required("cluster_data_plane_purge_delay");
    if (delay && *delay < 60) Fail("cluster_data_plane_purge_delay must be 60 or greater");
    const auto payload = Required("cluster_max_payload");
    if (payload && *payload < 4194304) {
      Fail("cluster_max_payload must be 4194304 (4MB) or greater");
    }
    if (role == "control_plane" || role == "data_plane") CheckClusterCertificates();
  }

  void CheckControlPlane() {
    if (IsOff("admin_listen")) {
      Fail("admin_listen must be specified when role = \"control_plane\"");
    }
    if (Text("cluster_mtls") == "pki" && Text("cluster_ca_cert").empty()) {
      Fail("cluster_ca_cert must be specified when cluster_mtls = \"pki\"");
    }
    if (IsOff("cluster_listen")) {
      Fail("cluster_listen must be specified when role = \"control_plane\"");
    }
    if (Text("database") == "off") {
      Fail("in-memory storage can not be used when role = \"control_plane\"");
    }
  }

  void CheckDataPlane() {
    if (IsOff("proxy_listen")) Fail("proxy_listen must be specified when role = \"data_plane\"");
    if (Text("database") != "off") {
      Fail(
          "only in-memory storage can be used when role = \"data_plane\"\n"
          "Hint: set database = off in your kong.conf");
    }
    const std::string trusted =
        Text(Text("cluster_mtls") == "pki" ? "cluster_ca_cert" : "cluster_cert");
    Json& list = values_["lua_ssl_trusted_certificate"];
    if (!trusted.empty() && std::find(list.begin(), list.end(), Json(trusted)) == list.end()) {
      list.push_back(trusted);
    }
  }

  void CheckClusterCertificates() {
    const std::string cert = Text("cluster_cert"), key = Text("cluster_cert_key");
    if (cert.empty() || key.empty()) {
      Fail("cluster certificate and key must be provided to use Hybrid mode");
    } else {
      MustExist("cluster_cert", cert);
      MustExist("cluster_cert_key", key);
    }
    const std::string ca = Text("cluster_ca_cert");
    if (!ca.empty()) MustExist("cluster_ca_cert", ca);
  }

  void CheckLowerBounds() {
    for (const char* name : {"upstream_keepalive_pool_size", "upstream_keepalive_max_requests",
                             "upstream_keepalive_idle_timeout"}) {
      const auto number = Required(name);
      if (number && *number < 0) Fail(fmt::format("{} must be 0 or greater", name));
    }
  }

  Json& values_;
  const LogSink& log_;
  std::vector<std::string> errors_;
};

}  // namespace

std::vector<std::string> CheckAndComplete(Json& values, const LogSink& log) {
  return Checker(values, log).Run();
}

}  // namespace silverback::config
