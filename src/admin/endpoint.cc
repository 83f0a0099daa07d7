#include "admin/endpoint.h"

#include <algorithm>
#include <set>

#include "http/uri.h"
#include "util/string_util.h"

namespace silverback::admin {

struct EndpointTable::Branch {
  std::map<std::string, std::unique_ptr<Branch>, std::less<>> fixed;
  std::unique_ptr<Branch> variable;
  std::unique_ptr<Endpoint> endpoint;

  const Endpoint* Find(const std::vector<std::string_view>& segments, size_t at,
                       std::vector<std::string>& params) const {
    if (at == segments.size()) return endpoint.get();
    if (auto found = fixed.find(segments[at]); found != fixed.end()) {
      if (const Endpoint* match = found->second->Find(segments, at + 1, params)) return match;
    }
    if (!variable || segments[at].empty()) return nullptr;
    params.push_back(PercentDecode(segments[at], true));
    if (const Endpoint* match = variable->Find(segments, at + 1, params)) return match;
    params.pop_back();
    return nullptr;
  }
};

EndpointTable::EndpointTable() : root_(std::make_unique<Branch>()) {}
EndpointTable::~EndpointTable() = default;

Endpoint& EndpointTable::At(const std::string& pattern) {
  Branch* branch = root_.get();
  for (std::string_view segment : http::PathSegments(pattern)) {
    auto& next = segment.front() == '{' ? branch->variable : branch->fixed[std::string(segment)];
    if (!next) next = std::make_unique<Branch>();
    branch = next.get();
  }
  if (!branch->endpoint) {
    branch->endpoint = std::make_unique<Endpoint>();
    branch->endpoint->pattern = pattern;
    all_.push_back(branch->endpoint.get());
  }
  return *branch->endpoint;
}

const Endpoint* EndpointTable::Find(const std::vector<std::string_view>& segments,
                                    std::vector<std::string>& params) const {
  return root_->Find(segments, 0, params);
}

std::vector<std::string> EndpointTable::Patterns() const {
  std::vector<std::string> patterns;
  for (const Endpoint* endpoint : all_) patterns.push_back(endpoint->pattern);
  // "/" sorts below every other character, so that what lies below a path follows it at once.
  std::sort(patterns.begin(), patterns.end(), [](const std::string& a, const std::string& b) {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
      return (x == '/' ? '\0' : x) < (y == '/' ? '\0' : y);
    });
  });
  return patterns;
}

std::string AllowedMethods(const Endpoint& endpoint, bool status_listener) {
  std::set<std::string> methods = {"OPTIONS"};
  for (const auto& [method, handler] : endpoint.methods) {
    if (status_listener && method != "GET") continue;
    methods.insert(method);
    if (method == "GET") methods.insert("HEAD");
  }
  return Join({methods.begin(), methods.end()}, ", ");
}

}  // namespace silverback::admin
