#include "plugins/proxy_cache/cache_control.h"

#include <charconv>

#include "util/string_util.h"

namespace silverback::plugins {

CacheControl::CacheControl(const std::vector<std::string_view>& header_values) {
  for (const std::string_view header : header_values) {
    for (const std::string_view part : Split(header, ',')) {
      const size_t equals = part.find('=');
      const std::string_view name = Trim(part.substr(0, equals));
      if (name.empty()) continue;
      directives_.emplace_back(
          ToLower(name), equals == part.npos ? std::string_view() : Trim(part.substr(equals + 1)));
    }
  }
}

bool CacheControl::Has(std::string_view directive) const {
  for (const auto& [name, value] : directives_) {
    if (name == directive) return true;
  }
  return false;
}

std::optional<double> CacheControl::Seconds(std::string_view directive) const {
  std::optional<double> seconds;
  for (const auto& [name, value] : directives_) {
    if (name != directive) continue;
    double number = 0;
    const char* end = value.data() + value.size();
    const auto read = std::from_chars(value.data(), end, number);
    seconds =
        read.ec == std::errc() && read.ptr == end ? std::optional<double>(number) : std::nullopt;
  }
  return seconds;
}

}  // namespace silverback::plugins
