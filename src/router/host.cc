#include "router/host.h"

#include <algorithm>
#include <charconv>

namespace silverback::router {
namespace {

bool OnlyDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void AppendPort(int port, std::string& out) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, port).ptr;
  out.append(digits, end);
}

}  // namespace

HostParts SplitPort(std::string_view name) {
  if (name.starts_with('[')) {
    if (name.ends_with(']')) return {name.substr(1, name.size() - 2), false};
    const size_t end = name.find("]:", 1);
    if (end == std::string_view::npos || !OnlyDigits(name.substr(end + 2))) return {name, false};
    return {name.substr(1, end - 1), end + 2 < name.size()};
  }
  const size_t colon = name.find(':');
  if (colon == std::string_view::npos || !OnlyDigits(name.substr(colon + 1))) return {name, false};
  return {name.substr(0, colon), colon + 1 < name.size()};
}

void WithPort(std::string_view name, int default_port, std::string& out) {
  out.clear();
  if (SplitPort(name).has_port) {
    out.append(name);
    return;
  }
  // More than one colon without brackets is an IPv6 address; a lone colon at the end is no port.
  const bool ends_in_colon = name.ends_with(':') && name.find(':') == name.size() - 1;
  const bool bracketed = name.starts_with('[');
  const bool wrap = !bracketed && !ends_in_colon && name.find(':') != std::string_view::npos;
  if (wrap) out.push_back('[');
  out.append(name);
  if (wrap) out.push_back(']');
  if (!ends_in_colon && !(bracketed && name.ends_with("]:"))) out.push_back(':');
  AppendPort(default_port, out);
}

std::string_view StripDigits(std::string_view with_port) {
  const size_t colon = with_port.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == with_port.size()) return with_port;
  return OnlyDigits(with_port.substr(colon + 1)) ? with_port.substr(0, colon) : with_port;
}

HostPattern HostPattern::Parse(std::string_view host) {
  const size_t star = host.find('*');
  return {host.substr(0, star), host.substr(star + 1), SplitPort(host).has_port};
}

bool HostPattern::Matches(std::string_view with_port) const {
  if (!with_port.starts_with(prefix)) return false;
  const auto ends = [&](std::string_view name) {
    return name.size() > prefix.size() + suffix.size() && name.ends_with(suffix);
  };
  return ends(with_port) || (!has_port && ends(StripDigits(with_port)));
}

}  // namespace silverback::router
