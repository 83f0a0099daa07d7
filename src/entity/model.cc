#include "entity/model.h"

#include <array>
#include <limits>

namespace silverback::entity {
namespace {

constexpr std::array<const char*, 8> kProtocolNames = {"http", "https", "grpc", "grpcs",
                                                       "tcp",  "tls",   "udp",  "tls_passthrough"};

int IntMember(const Json& row, std::string_view key, int otherwise) {
  const double value = NumberMember(row, key, otherwise);
  // Rows of foreign stores may hold anything: what no int can hold counts as absent.
  if (!(value >= std::numeric_limits<int>::min() && value <= std::numeric_limits<int>::max())) {
    return otherwise;
  }
  return static_cast<int>(value);
}

std::vector<std::string> Strings(const Json* array) {
  std::vector<std::string> out;
  if (array == nullptr || !array->is_array()) return out;
  out.reserve(array->size());
  for (const Json& element : *array) {
    if (element.is_string()) out.push_back(element.get_ref<const std::string&>());
  }
  return out;
}

std::vector<CidrPort> Addresses(const Json* array) {
  std::vector<CidrPort> out;
  if (array == nullptr || !array->is_array()) return out;
  for (const Json& element : *array) {
    CidrPort address{StringMember(element, "ip"), std::nullopt};
    const Json* port = FindMember(element, "port");
    if (port != nullptr && port->is_number()) address.port = IntMember(element, "port", 0);
    if (!address.ip.empty() || address.port) out.push_back(std::move(address));
  }
  return out;
}

ProtocolSet Protocols(const Json* array) {
  ProtocolSet set = 0;
  for (const std::string& name : Strings(array)) {
    if (const std::optional<Protocol> protocol = ParseProtocol(name)) set |= Bit(*protocol);
  }
  return set;
}

}  // namespace

const char* ProtocolName(Protocol protocol) {
  return kProtocolNames[static_cast<size_t>(protocol)];
}

std::optional<Protocol> ParseProtocol(std::string_view name) {
  for (size_t i = 0; i < kProtocolNames.size(); ++i) {
    if (name == kProtocolNames[i]) return static_cast<Protocol>(i);
  }
  return std::nullopt;
}

std::shared_ptr<const Service> Service::FromRow(Json row) {
  auto service = std::make_shared<Service>();
  service->id = StringMember(row, "id");
  service->name = StringMember(row, "name");
  service->host = StringMember(row, "host");
  service->path = StringMember(row, "path");
  service->protocol = ParseProtocol(StringMember(row, "protocol")).value_or(Protocol::kHttp);
  service->port = IntMember(row, "port", 80);
  service->retries = IntMember(row, "retries", 5);
  service->connect_timeout_ms = IntMember(row, "connect_timeout", 60000);
  service->write_timeout_ms = IntMember(row, "write_timeout", 60000);
  service->read_timeout_ms = IntMember(row, "read_timeout", 60000);
  service->enabled = BoolMember(row, "enabled", true);
  service->client_certificate = ForeignId(row, "client_certificate");
  const Json* verify = FindMember(row, "tls_verify");
  if (verify != nullptr && verify->is_boolean()) service->tls_verify = verify->get<bool>();
  const Json* depth = FindMember(row, "tls_verify_depth");
  if (depth != nullptr && depth->is_number()) {
    service->tls_verify_depth = IntMember(row, "tls_verify_depth", 0);
  }
  const Json* authorities = FindMember(row, "ca_certificates");
  if (authorities != nullptr && authorities->is_array()) {
    service->ca_certificates = Strings(authorities);
  }
  service->row = std::move(row);
  return service;
}

std::shared_ptr<Route> Route::FromRow(Json row) {
  auto route = std::make_shared<Route>();
  route->id = StringMember(row, "id");
  route->name = StringMember(row, "name");
  route->protocols = Protocols(FindMember(row, "protocols"));
  route->methods = Strings(FindMember(row, "methods"));
  route->hosts = Strings(FindMember(row, "hosts"));
  route->paths = Strings(FindMember(row, "paths"));
  route->snis = Strings(FindMember(row, "snis"));
  const Json* headers = FindMember(row, "headers");
  if (headers != nullptr && headers->is_object()) {
    for (const auto& [name, values] : headers->items()) route->headers[name] = Strings(&values);
  }
  route->sources = Addresses(FindMember(row, "sources"));
  route->destinations = Addresses(FindMember(row, "destinations"));
  route->regex_priority = static_cast<int64_t>(NumberMember(row, "regex_priority"));
  route->strip_path = BoolMember(row, "strip_path", true);
  route->preserve_host = BoolMember(row, "preserve_host");
  route->request_buffering = BoolMember(row, "request_buffering", true);
  route->response_buffering = BoolMember(row, "response_buffering", true);
  route->https_redirect_status_code = IntMember(row, "https_redirect_status_code", 426);
  route->path_handling_v1 = StringMember(row, "path_handling") == "v1";
  route->created_at = NumberMember(row, "created_at");
  route->service_id = ForeignId(row, "service");
  route->row = std::move(row);
  return route;
}

}  // namespace silverback::entity
