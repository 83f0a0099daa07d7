#include "plugins/session/cookie.h"

#include "http/cookie.h"

namespace silverback::plugins {

SessionCookie::SessionCookie(const Json& config)
    : name_(StringMember(config, "cookie_name", "session")) {
  const auto add = [this](std::string_view name, const std::string& value) {
    if (!value.empty()) attributes_.append("; ").append(name).append("=").append(value);
  };
  const std::string domain = StringMember(config, "cookie_domain");
  if (domain != "localhost") add("Domain", domain);
  add("Path", StringMember(config, "cookie_path", "/"));
  const std::string same_site = StringMember(config, "cookie_samesite", "Strict");
  if (same_site != "off") add("SameSite", same_site);
  if (BoolMember(config, "cookie_secure", true)) attributes_ += "; Secure";
  if (BoolMember(config, "cookie_httponly", true)) attributes_ += "; HttpOnly";
}

std::string SessionCookie::ValueIn(const plugin::Exchange& exchange) const {
  for (const std::string_view header : exchange.RequestHeaderValues("cookie")) {
    for (const auto& [name, value] : http::ParseCookies(header)) {
      if (name == name_) return std::string(value);
    }
  }
  return "";
}

void SessionCookie::Set(plugin::Exchange& exchange, std::string_view value) const {
  std::string text = name_ + "=";
  exchange.AddResponseHeader("Set-Cookie", text.append(value).append(attributes_));
}

void SessionCookie::Expire(plugin::Exchange& exchange) const {
  exchange.AddResponseHeader(
      "Set-Cookie", name_ + "=; Expires=Thu, 01 Jan 1970 00:00:01 GMT; Max-Age=0" + attributes_);
}

}  // namespace silverback::plugins
