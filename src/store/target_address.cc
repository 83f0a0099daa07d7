#include "store/target_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

namespace silverback::store {
namespace {

constexpr int kDefaultPort = 8000;
constexpr size_t kMaxPortDigits = 5;

bool IsPort(std::string_view text) {
  return !text.empty() && text.size() <= kMaxPortDigits &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "" when `text` is no IPv6 address.
std::string FullIpv6(std::string_view text) {
  in6_addr address{};
  if (inet_pton(AF_INET6, std::string(text).c_str(), &address) != 1) return "";
  std::string full;
  for (size_t i = 0; i < sizeof(address.s6_addr); i += 2) {
    full += fmt::format("{}{:02x}{:02x}", i == 0 ? "" : ":", address.s6_addr[i],
                        address.s6_addr[i + 1]);
  }
  return full;
}

std::string FormatBracketed(std::string_view target) {
  const size_t close = target.find(']');
  if (close == std::string_view::npos) return std::string(target);
  const std::string address = FullIpv6(target.substr(1, close - 1));
  const std::string_view rest = target.substr(close + 1);
  if (address.empty()) return std::string(target);
  if (rest.empty()) return fmt::format("[{}]:{}", address, kDefaultPort);
  if (rest.front() != ':' || !IsPort(rest.substr(1))) return std::string(target);
  return fmt::format("[{}]{}", address, rest);
}

}  // namespace

std::string FormatTarget(std::string_view target) {
  if (target.empty()) return "";
  if (target.front() == '[') return FormatBracketed(target);
  if (const std::string address = FullIpv6(target); !address.empty()) {
    return fmt::format("[{}]:{}", address, kDefaultPort);
  }
  const size_t colon = target.rfind(':');
  if (colon == std::string_view::npos) return fmt::format("{}:{}", target, kDefaultPort);
  return std::string(target);
}

}  // namespace silverback::store
