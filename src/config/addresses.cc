#include "config/addresses.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cctype>

#include "util/string_util.h"

namespace silverback::config {
namespace {

bool IsDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::optional<int> ParsePort(std::string_view text) {
  if (!IsDigits(text) || text.size() > 9) return std::nullopt;
  const int port = std::stoi(std::string(text));
  return port <= 65535 ? std::optional<int>(port) : std::nullopt;
}

Error Invalid(const char* what, std::string_view text) {
  return Error(ErrorCode::kInvalidInput, fmt::format("invalid {}: {}", what, text));
}

Result<Address> ParseIpv4(std::string_view text) {
  Address address{Address::kIpv4, "", std::nullopt};
  std::string_view host = text;
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    address.port = ParsePort(text.substr(colon + 1));
    if (!address.port) return Invalid("ipv4 address", text);
  }
  const std::vector<std::string_view> parts = Split(host, '.');
  if (parts.size() != 4) return Invalid("ipv4 address", text);
  for (const std::string_view part : parts) {
    if (!IsDigits(part) || part.size() > 3) return Invalid("ipv4 address", text);
    const int number = std::stoi(std::string(part));
    if (number > 255) return Invalid("ipv4 address", text);
    if (!address.host.empty()) address.host += '.';
    address.host += std::to_string(number);
  }
  return address;
}

Result<Address> ParseIpv6(std::string_view text) {
  Address address{Address::kIpv6, "", std::nullopt};
  std::string_view host = text;
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return Invalid("ipv6 address", text);
    host = text.substr(1, end - 1);
    if (const std::string_view rest = text.substr(end + 1); !rest.empty()) {
      address.port = rest[0] == ':' ? ParsePort(rest.substr(1)) : std::nullopt;
      if (!address.port) return Invalid("ipv6 address", text);
    }
  }
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET6, std::string(host).c_str(), bytes.data()) != 1) {
    return Invalid("ipv6 address", text);
  }
  for (size_t i = 0; i < 16; i += 2) {
    address.host += fmt::format("{}{:02x}{:02x}", i == 0 ? "" : ":", bytes[i], bytes[i + 1]);
  }
  return address;
}

bool IsHostName(std::string_view name) {
  const bool characters = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
  });
  if (!characters || name.empty()) return false;
  const std::vector<std::string_view> labels = Split(name, '.');
  return std::none_of(labels.begin(), labels.end(),
                      [](std::string_view label) { return label.empty() || label.ends_with('-'); });
}

Result<Address> ParseName(std::string_view text) {
  Address address{Address::kName, std::string(text), std::nullopt};
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    if (IsDigits(text.substr(colon + 1))) {
      address.host = text.substr(0, colon);
      address.port = ParsePort(text.substr(colon + 1));
      if (!address.port) return Invalid("port number", text);
    }
  }
  if (!IsHostName(address.host)) return Invalid("hostname", text);
  return address;
}

}  // namespace

Result<Address> ParseAddress(std::string_view text) {
  if (std::count(text.begin(), text.end(), ':') > 1) return ParseIpv6(text);
  const bool numeric = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isdigit(c) != 0 || c == '.' || c == ':';
  });
  return numeric ? ParseIpv4(text) : ParseName(text);
}

bool IsIpOrBlock(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string host(text.substr(0, slash));
  std::array<unsigned char, 16> bytes{};
  const bool v4 = inet_pton(AF_INET, host.c_str(), bytes.data()) == 1;
  if (!v4 && inet_pton(AF_INET6, host.c_str(), bytes.data()) != 1) return false;
  if (slash == std::string_view::npos) return true;
  const std::string_view length = text.substr(slash + 1);
  return IsDigits(length) && length.size() <= 3 &&
         std::stoi(std::string(length)) <= (v4 ? 32 : 128);
}

}  // namespace silverback::config
