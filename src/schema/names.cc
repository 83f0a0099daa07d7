#include "schema/names.h"

#include <arpa/inet.h>

#include <algorithm>

#include "util/string_util.h"

namespace silverback::schema {
namespace {

bool IsV4(const std::string& text) {
  in_addr address;
  return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool IsV6(const std::string& text) {
  in6_addr address;
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

std::optional<int> ParsePort(std::string_view digits) {
  if (!IsNumber(digits)) return std::nullopt;
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
  if (digits.size() > 5) return std::nullopt;
  const int port = std::stoi(std::string(digits));
  return port <= 65535 ? std::optional<int>(port) : std::nullopt;
}

// Labels may be of any length; only the last one may be empty, and none ends in a dash.
bool IsHostName(std::string_view name) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  if (name.empty() || name.front() == '.' || name.back() == '-') return false;
  if (name.find("..") != name.npos || name.find("-.") != name.npos) return false;
  return name.find_first_not_of(kAllowed) == std::string_view::npos;
}

bool LooksLikeV4(std::string_view text) {
  return text.find_first_not_of("0123456789.") == std::string_view::npos;
}

HostPort ParseBracketed(std::string_view text) {
  HostPort out;
  out.error = "invalid ipv6 address: " + std::string(text);
  const size_t end = text.find(']');
  if (end == std::string_view::npos) return out;
  out.host = std::string(text.substr(1, end - 1));
  out.is_ip = true;
  const std::string_view rest = text.substr(end + 1);
  if (!rest.empty()) {
    out.port = rest.front() == ':' ? ParsePort(rest.substr(1)) : std::nullopt;
    if (!out.port) {
      const bool number = rest.front() == ':' && IsNumber(rest.substr(1));
      out.error = number ? kInvalidPort : "invalid ipv6 address";
      return out;
    }
  }
  out.valid = IsV6(out.host);
  return out;
}

HostPort ParseNameOrV4(std::string_view text) {
  HostPort out;
  const size_t colon = text.find(':');
  out.host = std::string(text.substr(0, colon));
  const bool port_fits = colon == text.npos || LooksLikeV4(text.substr(colon + 1));
  out.is_ip = !out.host.empty() && LooksLikeV4(out.host) && port_fits;
  out.error = (out.is_ip ? "invalid ipv4 address: " : "invalid hostname: ") + std::string(text);
  if (colon != std::string_view::npos) {
    const std::string_view digits = text.substr(colon + 1);
    out.port = ParsePort(digits);
    if (!out.port) {
      if (IsNumber(digits)) out.error = kInvalidPort;
      return out;
    }
  }
  out.valid = out.is_ip ? IsV4(out.host) : IsHostName(out.host);
  return out;
}

HostPort ParseV6(std::string_view text) {
  HostPort out;
  out.host = std::string(text);
  out.error = "invalid ipv6 address: " + out.host;
  out.valid = out.is_ip = IsV6(out.host);
  return out;
}

}  // namespace

HostPort ParseHostPort(std::string_view text) {
  const bool bracketed = !text.empty() && text.front() == '[';
  const bool v6 = std::count(text.begin(), text.end(), ':') > 1;
  HostPort out = bracketed ? ParseBracketed(text) : v6 ? ParseV6(text) : ParseNameOrV4(text);
  if (out.valid) out.error.clear();
  return out;
}

bool IsIp(std::string_view text) { return IsV4(std::string(text)) || IsV6(std::string(text)); }

bool IsIpOrCidr(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  const bool v4 = IsV4(address);
  if (!v4 && !IsV6(address)) return false;
  if (slash == std::string_view::npos) return true;
  const auto bits = ParsePort(text.substr(slash + 1));
  return bits && *bits <= (v4 ? 32 : 128);
}

std::optional<size_t> InvalidUtf8At(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t length = lead < 0x80                   ? 1
                          : lead >= 0xf0 && lead < 0xf5 ? 4
                          : lead >= 0xe0 && lead < 0xf0 ? 3
                          : lead >= 0xc2 && lead < 0xe0 ? 2
                                                        : 0;
    if (!length || i + length > text.size()) return i + 1;
    for (size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) return i + 1;
    }
    i += length;
  }
  return std::nullopt;
}

}  // namespace silverback::schema
