// Whom a limit is for: the setting `limit_by` of the rate-limiting plugins. Immutable; event loop.
#pragma once

#include <string>
#include <string_view>

#include "plugin/exchange.h"

namespace silverback::plugins {

class Identifier {
 public:
  explicit Identifier(const Json& config);
  // The client's address where there is none of what is asked for.
  std::string_view Of(const plugin::Exchange& exchange) const;

 private:
  enum class By { kConsumer, kCredential, kIp, kService, kHeader, kPath };
  static By Parse(std::string_view name);

  const By by_;
  const std::string header_name_, path_;
};

}  // namespace silverback::plugins
