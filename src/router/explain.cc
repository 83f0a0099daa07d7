#include "router/explain.h"

#include <algorithm>
#include <bit>

#include "router/host.h"
#include "router/normalize.h"
#include "router/route_rule.h"
#include "router/stream_index.h"
#include "util/string_util.h"

namespace silverback::router {
namespace {

bool HostMatches(const entity::Route& route, const Request& request) {
  std::string with_port;
  WithPort(request.host, request.scheme == "https" ? 443 : 80, with_port);
  const std::string_view bare = SplitPort(request.host).without_port;
  return std::any_of(route.hosts.begin(), route.hosts.end(), [&](const std::string& host) {
    if (host.find('*') == std::string::npos) return host == request.host || host == bare;
    return HostPattern::Parse(host).Matches(with_port);
  });
}

// The path by which the route matches, or null.
const std::string* MatchingPath(const entity::Route& route, std::string_view path) {
  for (const std::string& own : route.paths) {
    if (IsRegexPath(own)) {
      const auto regex = PathRegex::ForPath(NormalizeRegex(own));
      if (regex && regex->Matches(path)) return &own;
    } else if (path.starts_with(NormalizePath(own))) {
      return &own;
    }
  }
  return nullptr;
}

bool HeadersMatch(const std::vector<HeaderRule>& rules, const Request& request) {
  return std::all_of(rules.begin(), rules.end(), [&](const HeaderRule& rule) {
    std::vector<std::string_view> values;
    if (request.header_values) request.header_values(rule.name, values);
    std::vector<std::string> lower;
    for (const std::string_view value : values) lower.push_back(ToLower(value));
    return rule.Matches(lower);
  });
}

bool AddressMatches(const std::vector<entity::CidrPort>& own, std::string_view ip, int port) {
  return std::any_of(own.begin(), own.end(), [&](const entity::CidrPort& address) {
    const auto rule = AddressRule::Parse(address);
    return rule && rule->Matches(ip, port);
  });
}

template <class T>
bool Contains(const std::vector<T>& list, std::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool SniMatches(const entity::Route& route, const Request& request) {
  return request.scheme == "http" ||
         std::any_of(route.snis.begin(), route.snis.end(),
                     [&](const std::string& sni) { return TrimSni(sni) == request.sni; });
}

std::string NameOf(const entity::Route& route) {
  return route.name.empty() ? route.id : route.name;
}

std::string Lost(const RouteRules& rules, const entity::Route& route, const Request& request,
                 const entity::Route& winner) {
  const Category other = PrepareRoute(winner).rules.category;
  const std::string than = " than " + NameOf(winner);
  if (rules.category != other) {
    if (std::popcount(rules.category) < std::popcount(other)) {
      return "matches by fewer attributes" + than;
    }
    return "matches by less significant attributes" + than;
  }
  const std::string* own_path = MatchingPath(route, request.path);
  const std::string* its_path = MatchingPath(winner, request.path);
  const RuleOrder own = OrderOf(rules, own_path ? *own_path : "");
  const RuleOrder its = OrderOf(PrepareRoute(winner).rules, its_path ? *its_path : "");
  if (own.submatch != its.submatch) return "a less exact host or path" + than;
  if (own.headers != its.headers) return "fewer headers" + than;
  if (own.regex_priority != its.regex_priority) return "a lower regex_priority" + than;
  if (own.path_size != its.path_size) return "a shorter path" + than;
  if (own.created_at != its.created_at) return "younger" + than;
  return "lower priority" + than;
}

}  // namespace

std::string WhyNot(const entity::Route& route, const Request& request,
                   const entity::Route* winner) {
  const PreparedRoute prepared = PrepareRoute(route);
  const RouteRules& rules = prepared.rules;
  if (rules.route->sources.empty() && rules.route->destinations.empty() &&
      !prepared.error.empty()) {
    return prepared.error;
  }
  if (!route.hosts.empty() && !HostMatches(route, request)) return "host does not match";
  if (rules.headers && !HeadersMatch(*rules.headers, request)) return "headers do not match";
  if (!route.paths.empty() && !MatchingPath(route, request.path)) return "path does not match";
  if (!route.methods.empty() && !Contains(route.methods, request.method)) {
    return "method does not match";
  }
  if (!route.snis.empty() && !SniMatches(route, request)) return "server name does not match";
  if (!route.sources.empty() && !AddressMatches(route.sources, request.src_ip, request.src_port)) {
    return "source does not match";
  }
  if (!route.destinations.empty() &&
      !AddressMatches(route.destinations, request.dst_ip, request.dst_port)) {
    return "destination does not match";
  }
  if (!winner)
    return "its server names would match, but no other attribute of the request is known";
  return Lost(rules, route, request, *winner);
}

}  // namespace silverback::router
