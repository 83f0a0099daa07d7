// Upstreams and targets, decoded from their rows: plain data; any thread may read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "health/checks.h"
#include "util/json.h"

namespace silverback::balancer {

enum class Algorithm { kRoundRobin, kLeastConnections, kConsistentHashing };
enum class HashOn { kNone, kConsumer, kIp, kHeader, kCookie };

struct Upstream {
  std::string id, name;
  Algorithm algorithm = Algorithm::kRoundRobin;
  // What the caller hashes: the first that the request has, or else the fallback, or else "".
  HashOn hash_on = HashOn::kNone, hash_fallback = HashOn::kNone;
  std::string hash_on_header, hash_fallback_header, hash_on_cookie, hash_on_cookie_path;
  int slots = 10000;
  std::string host_header, client_certificate;  // "" without
  health::Checks checks;

  static Upstream FromRow(const Json& row);
};

struct Target {
  std::string id, host;
  int port = 0;
  int weight = 100;
  double created_at = 0;

  // From a row's `target`, "HOST:PORT" or "[IPV6]:PORT".
  static Target FromRow(const Json& row);
  std::string name() const { return host + ":" + std::to_string(port); }  // as in the row
};

}  // namespace silverback::balancer
