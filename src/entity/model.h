// The entities of the data path, decoded once per configuration from their rows: plain structs,
// immutable behind shared_ptr<const ...> in a snapshot; any thread may read them. Field meanings:
// Kong 2.8's Admin API.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "util/json.h"

namespace silverback::entity {

enum class Protocol : uint8_t { kHttp, kHttps, kGrpc, kGrpcs, kTcp, kTls, kUdp, kTlsPassthrough };
using ProtocolSet = uint8_t;  // bit per Protocol
constexpr ProtocolSet Bit(Protocol protocol) {
  return static_cast<ProtocolSet>(1u << static_cast<unsigned>(protocol));
}
constexpr ProtocolSet kHttpProtocols =
    Bit(Protocol::kHttp) | Bit(Protocol::kHttps) | Bit(Protocol::kGrpc) | Bit(Protocol::kGrpcs);
const char* ProtocolName(Protocol protocol);
std::optional<Protocol> ParseProtocol(std::string_view name);

struct Service {
  std::string id, name, host, path;
  Protocol protocol = Protocol::kHttp;
  int port = 80;
  int retries = 5;
  int connect_timeout_ms = 60000, write_timeout_ms = 60000, read_timeout_ms = 60000;
  bool enabled = true;
  std::string client_certificate;  // id or ""
  std::optional<bool> tls_verify;
  std::optional<int> tls_verify_depth;
  std::optional<std::vector<std::string>> ca_certificates;  // ids
  Json row;                                                 // as stored, for logs and the PDK

  static std::shared_ptr<const Service> FromRow(Json row);
};

struct CidrPort {
  std::string ip;  // address or CIDR, "" when only the port counts
  std::optional<int> port;
};

struct Route {
  std::string id, name;
  ProtocolSet protocols = 0;
  std::vector<std::string> methods, hosts, paths, snis;
  std::map<std::string, std::vector<std::string>> headers;
  std::vector<CidrPort> sources, destinations;
  int64_t regex_priority = 0;
  bool strip_path = true, preserve_host = false;
  bool request_buffering = true, response_buffering = true;
  int https_redirect_status_code = 426;
  bool path_handling_v1 = false;  // "v1"; "v0" otherwise
  double created_at = 0;
  std::string service_id;                  // "" when the route has no service
  std::shared_ptr<const Service> service;  // resolved by the snapshot builder; null without service
  Json row;

  static std::shared_ptr<Route> FromRow(Json row);
};

}  // namespace silverback::entity
