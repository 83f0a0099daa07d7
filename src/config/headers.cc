#include "config/headers.h"

#include <algorithm>
#include <array>

#include "util/string_util.h"

namespace silverback::config {
namespace {

constexpr std::string_view kServerTokens = "server_tokens";
constexpr std::string_view kLatencyTokens = "latency_tokens";

constexpr std::array<std::string_view, 9> kTokens = {kServerTokens,
                                                     kLatencyTokens,
                                                     "Via",
                                                     "Server",
                                                     "X-Kong-Proxy-Latency",
                                                     "X-Kong-Response-Latency",
                                                     "X-Kong-Admin-Latency",
                                                     "X-Kong-Upstream-Latency",
                                                     "X-Kong-Upstream-Status"};

}  // namespace

const std::string_view* FindHeaderToken(std::string_view name) {
  const auto* found = std::find_if(kTokens.begin(), kTokens.end(), [&](std::string_view token) {
    return EqualsIgnoreCase(token, name);
  });
  return found == kTokens.end() ? nullptr : found;
}

Json EnabledHeaders(const std::vector<std::string>& headers) {
  Json enabled = Json::object();
  for (const std::string_view token : kTokens) enabled[std::string(token)] = false;
  if (headers.empty() || headers[0] == "off") return enabled;
  for (const std::string& name : headers) {
    if (const std::string_view* token = FindHeaderToken(name)) enabled[std::string(*token)] = true;
  }
  if (enabled[std::string(kServerTokens)]) enabled["Via"] = enabled["Server"] = true;
  if (enabled[std::string(kLatencyTokens)]) {
    for (const char* part : {"Proxy", "Response", "Admin", "Upstream"}) {
      enabled["X-Kong-" + std::string(part) + "-Latency"] = true;
    }
  }
  return enabled;
}

}  // namespace silverback::config
