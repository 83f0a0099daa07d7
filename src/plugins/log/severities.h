// Severities: the syslog severity (RFC 5424) of an entry by its status, and whether it is wanted,
// as syslog and loggly are configured with them.
#pragma once

#include <optional>
#include <string_view>

#include "util/json.h"

namespace silverback::plugins {

class Severities {
 public:
  explicit Severities(const Json& config);
  // 0 (emerg) to 7 (debug); nullopt: less severe than `log_level`.
  std::optional<int> Of(int status) const;

 private:
  int least_, success_, client_error_, server_error_;
};

}  // namespace silverback::plugins
