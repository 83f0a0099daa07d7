#include "plugins/log/severities.h"

#include <algorithm>
#include <array>

namespace silverback::plugins {
namespace {

constexpr int kInfo = 6;

int Number(const Json& config, std::string_view field) {
  constexpr std::array<std::string_view, 8> kNames = {"emerg",   "alert",  "crit", "err",
                                                      "warning", "notice", "info", "debug"};
  const auto found = std::find(kNames.begin(), kNames.end(), StringViewMember(config, field));
  return found == kNames.end() ? kInfo : static_cast<int>(found - kNames.begin());
}

}  // namespace

Severities::Severities(const Json& config)
    : least_(Number(config, "log_level")),
      success_(Number(config, "successful_severity")),
      client_error_(Number(config, "client_errors_severity")),
      server_error_(Number(config, "server_errors_severity")) {}

std::optional<int> Severities::Of(int status) const {
  const int severity = status >= 500 ? server_error_ : status >= 400 ? client_error_ : success_;
  return severity <= least_ ? std::optional<int>(severity) : std::nullopt;
}

}  // namespace silverback::plugins
