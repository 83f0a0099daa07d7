// The cookie of a session: its attributes as the configuration has them. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "plugin/exchange.h"
#include "util/json.h"

namespace silverback::plugins {

class SessionCookie {
 public:
  explicit SessionCookie(const Json& config);
  const std::string& name() const { return name_; }
  // "" when the client has none of that name.
  std::string ValueIn(const plugin::Exchange& exchange) const;
  void Set(plugin::Exchange& exchange, std::string_view value) const;
  void Expire(plugin::Exchange& exchange) const;

 private:
  const std::string name_;
  std::string attributes_;
};

}  // namespace silverback::plugins
