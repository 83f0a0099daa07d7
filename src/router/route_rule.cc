#include "router/route_rule.h"

#include <algorithm>

#include "router/host.h"
#include "router/normalize.h"
#include "util/string_util.h"

namespace silverback::router {
namespace {

uint8_t HostSubmatch(const std::vector<std::string>& hosts) {
  if (hosts.empty()) return 0;
  bool wildcard = false, port = false;
  for (const std::string& host : hosts) {
    if (host.find('*') == std::string::npos) continue;
    wildcard = true;
    port = port || SplitPort(host).has_port;
  }
  return static_cast<uint8_t>((wildcard ? 0 : kPlainHosts) | (port ? kWildcardHostWithPort : 0));
}

// "" or what is wrong.
std::string PrepareHeaders(const entity::Route& route, RouteRules& rules) {
  for (const auto& [name, values] : route.headers) {
    HeaderRule rule;
    rule.name = ToLower(name);
    if (rule.name == "host") continue;
    for (const std::string& value : values) rule.values.push_back(ToLower(value));
    if (values.size() == 1 && values[0].starts_with("~*")) {
      rule.pattern = PathRegex::ForHeader(std::string_view(values[0]).substr(2));
      if (!rule.pattern) return "invalid regular expression for header " + name + ": " + values[0];
    }
    if (!rules.headers) rules.headers = std::make_unique<std::vector<HeaderRule>>();
    rules.headers->push_back(std::move(rule));
  }
  return "";
}

}  // namespace

bool HeaderRule::Matches(const std::vector<std::string>& lower_values) const {
  for (const std::string& value : lower_values) {
    if (std::find(values.begin(), values.end(), value) != values.end()) return true;
    if (pattern && pattern->Matches(value)) return true;
  }
  return false;
}

PreparedRoute PrepareRoute(const entity::Route& route) {
  PreparedRoute prepared;
  RouteRules& rules = prepared.rules;
  rules.route = &route;
  prepared.error = PrepareHeaders(route, rules);
  if (!prepared.error.empty()) return prepared;
  rules.submatch = HostSubmatch(route.hosts);
  if (!route.hosts.empty()) rules.category |= kByHost;
  if (rules.headers) rules.category |= kByHeader;
  if (!route.paths.empty()) rules.category |= kByPath;
  if (!route.methods.empty()) rules.category |= kByMethod;
  if (!route.snis.empty()) rules.category |= kBySni;
  if (rules.category == 0) prepared.error = "nothing to match requests by";
  return prepared;
}

RuleOrder OrderOf(const RouteRules& rules, std::string_view path) {
  RuleOrder order;
  order.submatch = rules.submatch;
  order.headers = static_cast<uint32_t>(rules.header_count());
  if (IsRegexPath(path)) {
    order.submatch |= kRegexPath;
    order.regex_priority = rules.route->regex_priority;
  } else {
    order.path_size = static_cast<uint32_t>(path.size());
  }
  order.created_at = rules.route->created_at;
  order.id = rules.route->id;
  return order;
}

bool RuleOrder::operator<(const RuleOrder& other) const {
  if (submatch != other.submatch) return submatch > other.submatch;
  if (headers != other.headers) return headers > other.headers;
  if (regex_priority != other.regex_priority) return regex_priority > other.regex_priority;
  if (path_size != other.path_size) return path_size > other.path_size;
  if (created_at != other.created_at) return created_at < other.created_at;
  return id < other.id;
}

std::string_view TrimSni(std::string_view sni) {
  if (sni.size() > 1 && sni.ends_with('.')) sni.remove_suffix(1);
  return sni;
}

}  // namespace silverback::router
