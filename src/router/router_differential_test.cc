// The index against Kong 2.8's search written down plainly: every step goes over all rules. Random
// configurations and requests from few names, so that attributes meet and ties are frequent.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "router/host.h"
#include "router/path_regex.h"
#include "router/route_rule.h"
#include "router/test_support.h"

namespace silverback::router {
namespace {

struct PlainRule {
  std::shared_ptr<const entity::Route> route;
  Category category = 0;
  RuleOrder order;
  std::string path, regex;  // one of them, or none
};

class PlainRouter {
 public:
  explicit PlainRouter(const Routes& routes) {
    for (const auto& route : routes) {
      const RouteRules rules = std::move(PrepareRoute(*route).rules);
      if (route->paths.empty())
        rules_.push_back({route, rules.category, OrderOf(rules, ""), "", ""});
      for (const std::string& path : route->paths) {
        const bool regex = IsRegexPath(path);
        rules_.push_back({route, rules.category, OrderOf(rules, path),
                          regex ? "" : NormalizePath(path), regex ? NormalizeRegex(path) : ""});
      }
    }
    std::stable_sort(rules_.begin(), rules_.end(),
                     [](const PlainRule& a, const PlainRule& b) { return a.order < b.order; });
    for (const PlainRule& rule : rules_) {
      if (std::find(categories_.begin(), categories_.end(), rule.category) == categories_.end()) {
        categories_.push_back(rule.category);
      }
    }
    std::sort(categories_.begin(), categories_.end(), TriedBefore);
  }

  std::string Find(const TestRequest& request) {
    request_ = &request;
    WithPort(request.host, request.scheme == "https" ? 443 : 80, with_port_);
    bare_ = SplitPort(request.host).without_port;
    const Category bits = Hits();
    if (bits == 0) return "-";
    const auto exact = std::find(categories_.begin(), categories_.end(), bits);
    for (auto at = exact == categories_.end() ? categories_.begin() : exact;
         at != categories_.end(); ++at) {
      std::vector<const PlainRule*> all;
      for (const PlainRule& rule : rules_) {
        if (rule.category == *at) all.push_back(&rule);
      }
      for (const auto& candidates : {Reduce(all, *at), all}) {
        for (const PlainRule* rule : candidates) {
          if (Matches(*rule)) return rule->route->name;
        }
      }
    }
    return "-";
  }

 private:
  using Rules = std::vector<const PlainRule*>;

  std::vector<std::string> HeaderValues(const std::string& name) const {
    std::vector<std::string> values;
    for (const auto& [own, value] : request_->headers) {
      if (EqualsIgnoreCase(own, name)) values.push_back(ToLower(value));
    }
    return values;
  }

  static bool RegexFinds(const std::string& pattern, const std::string& text) {
    return PathRegex::ForPath(pattern)->Matches(text);
  }

  // Which attributes of the request some rule knows, and the first of each.
  Category Hits() {
    Category bits = 0;
    host_hit_ = path_hit_ = header_hit_ = "";
    regex_hit_ = false;
    bool plain = false;
    for (const PlainRule& rule : rules_) {
      for (const std::string& host : rule.route->hosts) {
        plain = plain || host == with_port_ || host == bare_;
      }
    }
    for (const PlainRule& rule : rules_) {
      for (const std::string& host : rule.route->hosts) {
        if (plain || !host_hit_.empty() || host.find('*') == std::string::npos) continue;
        if (HostPattern::Parse(host).Matches(with_port_)) host_hit_ = host;
      }
      for (const auto& [name, values] : rule.route->headers) {
        if (header_hit_.empty() && !HeaderValues(name).empty()) header_hit_ = ToLower(name);
      }
      for (const std::string& method : rule.route->methods) {
        if (method == request_->method) bits |= kByMethod;
      }
      for (const std::string& sni : rule.route->snis) {
        if (TrimSni(sni) == request_->sni) bits |= kBySni;
      }
      if (path_hit_.empty() && !rule.regex.empty() && RegexFinds(rule.regex, request_->path)) {
        path_hit_ = rule.regex;
        regex_hit_ = true;
      }
    }
    for (const PlainRule& rule : rules_) {
      if (regex_hit_ || rule.path.empty() || !request_->path.starts_with(rule.path)) continue;
      if (rule.path.size() > path_hit_.size()) path_hit_ = rule.path;
    }
    if (plain || !host_hit_.empty()) bits |= kByHost;
    if (!header_hit_.empty()) bits |= kByHeader;
    if (!path_hit_.empty()) bits |= kByPath;
    return bits;
  }

  template <class F>
  static Rules Filter(const Rules& rules, F&& keep) {
    Rules out;
    std::copy_if(rules.begin(), rules.end(), std::back_inserter(out), keep);
    return out;
  }

  static bool Has(const std::vector<std::string>& list, std::string_view value) {
    return std::find(list.begin(), list.end(), value) != list.end();
  }

  Rules Reduce(const Rules& all, Category category) const {
    Rules best;
    const auto consider = [&](Category bit, auto&& keep) {
      if (!(category & bit)) return;
      Rules reduced = Filter(all, keep);
      if (!reduced.empty() && (best.empty() || reduced.size() < best.size())) best = reduced;
    };
    consider(kByHost, [&](const PlainRule* rule) {
      return Has(rule->route->hosts, host_hit_.empty() ? request_->host : host_hit_);
    });
    if ((category & kByHeader) && !header_hit_.empty()) {
      const Rules reduced = Filter(all, [&](const PlainRule* rule) {
        return std::any_of(
            rule->route->headers.begin(), rule->route->headers.end(),
            [&](const auto& header) { return ToLower(header.first) == header_hit_; });
      });
      if (!reduced.empty()) return reduced;
    }
    consider(kByPath, [&](const PlainRule* rule) {
      return (regex_hit_ ? rule->regex : rule->path) == path_hit_ && !path_hit_.empty();
    });
    consider(kByMethod,
             [&](const PlainRule* rule) { return Has(rule->route->methods, request_->method); });
    consider(kBySni, [&](const PlainRule* rule) {
      return std::any_of(rule->route->snis.begin(), rule->route->snis.end(),
                         [&](const std::string& sni) { return TrimSni(sni) == request_->sni; });
    });
    return best;
  }

  bool Matches(const PlainRule& rule) const {
    const entity::Route& route = *rule.route;
    if (!route.hosts.empty() && !HostMatches(route.hosts)) return false;
    for (const HeaderRule& header : HeadersOf(route)) {
      if (!header.Matches(HeaderValues(header.name))) return false;
    }
    if (!rule.path.empty() && !request_->path.starts_with(rule.path)) return false;
    if (!rule.regex.empty() && !RegexFinds(rule.regex, request_->path)) return false;
    if (!route.methods.empty() && !Has(route.methods, request_->method)) return false;
    if (route.snis.empty() || request_->scheme == "http") return true;
    return std::any_of(route.snis.begin(), route.snis.end(),
                       [&](const std::string& sni) { return TrimSni(sni) == request_->sni; });
  }

  static std::vector<HeaderRule> HeadersOf(const entity::Route& route) {
    auto headers = std::move(PrepareRoute(route).rules.headers);
    return headers ? std::move(*headers) : std::vector<HeaderRule>();
  }

  bool HostMatches(const std::vector<std::string>& hosts) const {
    for (const std::string& host : hosts) {
      if (host == request_->host || host == bare_) return true;
      if (host.find('*') != std::string::npos && HostPattern::Parse(host).Matches(with_port_)) {
        return true;
      }
    }
    return false;
  }

  std::vector<PlainRule> rules_;
  std::vector<Category> categories_;
  const TestRequest* request_ = nullptr;
  std::string with_port_;
  std::string_view bare_;
  std::string host_hit_, path_hit_, header_hit_;
  bool regex_hit_ = false;
};

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  Routes MakeRoutes() {
    Routes routes;
    const int count = 1 + Below(14);
    for (int i = 0; i < count; ++i) {
      Json row = {{"name", "r" + std::to_string(i)}, {"created_at", Below(3)}};
      if (Below(2)) row["hosts"] = Some(kHosts, 2);
      if (Below(3)) row["paths"] = Some(kPaths, 3);
      if (!Below(3)) row["methods"] = Some({"GET", "POST", "PUT"}, 2);
      if (!Below(4)) row["snis"] = Some({"a.test", "b.test", "c.test."}, 2);
      if (!Below(3)) row["headers"][One({"X-A", "X-B"})] = Some(kValues, 2);
      if (!Below(6)) row["headers"]["X-C"] = Some(kValues, 1);
      if (Below(2)) row["regex_priority"] = Below(3);
      routes.push_back(MakeRoute(row));
    }
    return routes;
  }

  TestRequest MakeRequest() {
    TestRequest request;
    request.host = One({"a.test", "b.test", "x.a.test", "a.test:80", "a.test:99", "b.org", "z"});
    request.path = One({"/", "/a", "/a/b", "/a/b/c", "/b", "/a/1", "/a/12/b", "/c/1", "/zz"});
    request.method = One({"GET", "POST", "DELETE"});
    request.scheme = One({"http", "https"});
    if (request.scheme == "https" && Below(3)) request.sni = One({"a.test", "b.test", "c.test"});
    for (int i = Below(3); i > 0; --i) {
      request.headers.emplace_back(One({"x-a", "X-B", "x-c"}), One({"1", "2", "three", "THREE"}));
    }
    return request;
  }

 private:
  using Names = std::vector<std::string>;
  inline static const Names kHosts = {"a.test", "b.test",    "*.test",    "*.a.test", "a.*",
                                      "b.*",    "a.test:80", "a.test:99", "*.test:99"};
  inline static const Names kPaths = {"/",      "/a",          "/a/b",   "/b",       "/a/\\d+",
                                      "/a/(b)", "/(a|c)/\\d$", "/a/b|/", "/c/[0-9]", "/a/"};
  inline static const Names kValues = {"1", "2", "~*^t.*e$", "three"};

  int Below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random_); }
  std::string One(const Names& names) { return names[Below(static_cast<int>(names.size()))]; }
  Names Some(const Names& names, int most) {
    Names out;
    for (int i = 1 + Below(most); i > 0; --i) {
      const std::string name = One(names);
      if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
    }
    return out;
  }

  std::mt19937 random_;
};

std::string Describe(const Routes& routes, const TestRequest& request) {
  std::string text = request.method + " " + request.scheme + "://" + request.host + request.path +
                     " sni=" + request.sni;
  for (const auto& [name, value] : request.headers) text += " " + name + "=" + value;
  for (const auto& route : routes) text += "\n" + DumpJson(route->row);
  return text;
}

TEST(RouterDifferentialTest, FindsWhatThePlainSearchFinds) {
  int matched = 0;
  for (unsigned seed = 0; seed < 500; ++seed) {
    Generator generator(seed);
    const Routes routes = generator.MakeRoutes();
    std::vector<std::string> skipped;
    const auto router = Router::Build(routes, &skipped);
    Routes served;
    for (const auto& route : routes) {
      if (PrepareRoute(*route).error.empty()) served.push_back(route);
    }
    PlainRouter plain(served);
    for (int i = 0; i < 40; ++i) {
      const TestRequest request = generator.MakeRequest();
      const auto found = router->Find(request.View());
      const std::string wanted = plain.Find(request);
      ASSERT_EQ(found ? found->route->name : "-", wanted) << Describe(routes, request);
      matched += found ? 1 : 0;
    }
  }
  EXPECT_GT(matched, 5000);
}

}  // namespace
}  // namespace silverback::router
