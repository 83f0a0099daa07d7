#include "balancer/upstream.h"

#include <charconv>

namespace silverback::balancer {
namespace {

HashOn ParseHashOn(std::string_view name) {
  if (name == "consumer") return HashOn::kConsumer;
  if (name == "ip") return HashOn::kIp;
  if (name == "header") return HashOn::kHeader;
  if (name == "cookie") return HashOn::kCookie;
  return HashOn::kNone;
}

Algorithm ParseAlgorithm(std::string_view name) {
  if (name == "least-connections") return Algorithm::kLeastConnections;
  if (name == "consistent-hashing") return Algorithm::kConsistentHashing;
  return Algorithm::kRoundRobin;
}

}  // namespace

Upstream Upstream::FromRow(const Json& row) {
  Upstream upstream;
  upstream.id = StringMember(row, "id");
  upstream.name = StringMember(row, "name");
  upstream.algorithm = ParseAlgorithm(StringMember(row, "algorithm"));
  upstream.hash_on = ParseHashOn(StringMember(row, "hash_on"));
  upstream.hash_fallback = ParseHashOn(StringMember(row, "hash_fallback"));
  upstream.hash_on_header = StringMember(row, "hash_on_header");
  upstream.hash_fallback_header = StringMember(row, "hash_fallback_header");
  upstream.hash_on_cookie = StringMember(row, "hash_on_cookie");
  upstream.hash_on_cookie_path = StringMember(row, "hash_on_cookie_path", "/");
  upstream.slots = static_cast<int>(NumberMember(row, "slots", 10000));
  upstream.host_header = StringMember(row, "host_header");
  upstream.client_certificate = ForeignId(row, "client_certificate");
  const Json* checks = FindMember(row, "healthchecks");
  upstream.checks = health::Checks::FromRow(checks ? *checks : Json());
  return upstream;
}

Target Target::FromRow(const Json& row) {
  Target target;
  target.id = StringMember(row, "id");
  target.weight = static_cast<int>(NumberMember(row, "weight", 100));
  target.created_at = NumberMember(row, "created_at");
  const std::string text = StringMember(row, "target");
  const size_t colon = text.rfind(':');
  target.host = text.substr(0, colon);
  if (colon != std::string::npos) {
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), target.port);
  }
  return target;
}

}  // namespace silverback::balancer
