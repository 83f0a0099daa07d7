// A route prepared for matching: its attributes in the form in which requests are compared with
// them, one rule for each of its paths, and the order of rules within a category. Immutable once
// made; any thread may read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "entity/model.h"
#include "router/category.h"
#include "router/path_regex.h"

namespace silverback::router {

struct HeaderRule {
  std::string name;                    // lower case
  std::vector<std::string> values;     // lower case; one of them must be the request's
  std::unique_ptr<PathRegex> pattern;  // of a single value "~*PATTERN": matches lower-case values

  bool Matches(const std::vector<std::string>& lower_values) const;
};

// What all rules of one route share.
struct RouteRules {
  const entity::Route* route = nullptr;
  Category category = 0;
  uint8_t submatch = 0;  // bits that order routes of the same category, see kPlainHosts
  std::unique_ptr<std::vector<HeaderRule>> headers;  // null without

  size_t header_count() const { return headers ? headers->size() : 0; }
};

constexpr uint8_t kRegexPath = 1;
constexpr uint8_t kPlainHosts = 2;
constexpr uint8_t kWildcardHostWithPort = 4;

// The rules of a route for HTTP, or what is wrong with it.
struct PreparedRoute {
  RouteRules rules;
  std::string error;  // "" when it can be matched
};
PreparedRoute PrepareRoute(const entity::Route& route);

// How a path rule is ordered among the others of its category: smaller comes first. The path is
// "" for routes without paths.
struct RuleOrder {
  uint8_t submatch = 0;
  uint32_t headers = 0;
  int64_t regex_priority = 0;  // 0 for prefix paths
  uint32_t path_size = 0;      // 0 for regex paths
  double created_at = 0;
  std::string_view id;  // decides what Kong leaves to chance

  bool operator<(const RuleOrder& other) const;
};
RuleOrder OrderOf(const RouteRules& rules, std::string_view path);

// A server name as it is compared: without the dot that may end it.
std::string_view TrimSni(std::string_view sni);

}  // namespace silverback::router
