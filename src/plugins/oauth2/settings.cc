#include "plugins/oauth2/settings.h"

#include <algorithm>

#include "plugin/body_args.h"
#include "plugin/config.h"
#include "util/string_util.h"

namespace silverback::plugins::oauth2 {
namespace {

constexpr size_t kTokenSize = 32;

Pkce PkceOf(std::string_view name) {
  if (name == "none") return Pkce::kNone;
  return name == "strict" ? Pkce::kStrict : Pkce::kLax;
}

}  // namespace

Settings::Settings(const Json& config)
    : has_scopes(config.contains("scopes") && config["scopes"].is_array()),
      scopes(plugin::StringList(config, "scopes")),
      mandatory_scope(BoolMember(config, "mandatory_scope")),
      provision_key(StringMember(config, "provision_key")),
      anonymous(StringMember(config, "anonymous")),
      auth_header(StringMember(config, "auth_header_name", "authorization")),
      authorization_code(BoolMember(config, "enable_authorization_code")),
      implicit(BoolMember(config, "enable_implicit_grant")),
      client_credentials(BoolMember(config, "enable_client_credentials")),
      password(BoolMember(config, "enable_password_grant")),
      hide_credentials(BoolMember(config, "hide_credentials")),
      http_if_terminated(BoolMember(config, "accept_http_if_already_terminated")),
      global_credentials(BoolMember(config, "global_credentials")),
      reuse_refresh_token(BoolMember(config, "reuse_refresh_token")),
      token_expiration(NumberMember(config, "token_expiration", 7200)),
      refresh_token_ttl(NumberMember(config, "refresh_token_ttl", 1209600)),
      pkce(PkceOf(StringMember(config, "pkce", "lax"))) {}

Parameters::Parameters(const plugin::Exchange& exchange, std::string_view body) {
  all_ = plugin::QueryArguments(exchange.RawQuery());
  const std::string_view method = exchange.Method();
  if (method != "POST" && method != "PUT" && method != "PATCH") return;
  const auto type = exchange.RequestHeader("content-type");
  const auto arguments = plugin::BodyArguments(type.value_or(""), body);
  if (arguments && arguments->is_object()) all_.update(*arguments);
}

bool Parameters::Has(std::string_view name) const {
  const Json* value = Find(name);
  return value && !value->is_null() && *value != false;
}

Reply Failure(std::string_view error, std::string_view description) {
  return {400, Json{{"error", error}, {"error_description", description}}};
}

Reply InvalidClient() { return Failure("invalid_client", "Invalid client authentication"); }

Scope ScopeFor(const Settings& settings, const Parameters& parameters) {
  if (!parameters.Has("scope")) {
    if (!settings.mandatory_scope) return {};
    return {nullptr, Failure("invalid_scope", "You must specify a scope")};
  }
  if (!settings.has_scopes) return {};
  const Json* asked = parameters.Find("scope");
  if (!asked->is_string()) return {nullptr, Failure("invalid_scope", "scope must be a string")};
  std::string granted;
  for (const std::string_view line : Split(asked->get_ref<const std::string&>(), ' ')) {
    const std::string_view scope = Trim(line);
    if (scope.empty()) continue;
    if (std::find(settings.scopes.begin(), settings.scopes.end(), scope) == settings.scopes.end())
      return {nullptr, Failure("invalid_scope", fmt::format("\"{}\" is an invalid scope", scope))};
    granted.append(granted.empty() ? "" : " ").append(scope);
  }
  return {granted.empty() ? Json() : Json(granted), std::nullopt};
}

std::string InsecureBecause(const plugin::Exchange& exchange, const Settings& settings) {
  if (exchange.Scheme() == "https") return "";
  const bool terminated =
      settings.http_if_terminated && EqualsIgnoreCase(exchange.ForwardedScheme(), "https");
  if (!terminated) return "You must use HTTPS";
  const bool one = exchange.RequestHeaderValues("x-forwarded-proto").size() < 2;
  return one ? "" : "Only one X-Forwarded-Proto header allowed";
}

std::string ServiceFor(const plugin::Exchange& exchange, const Settings& settings) {
  if (settings.global_credentials || !exchange.service()) return "";
  return exchange.service()->id;
}

bool SameService(const Json& row, const std::string& service) {
  return service.empty() || ForeignId(row, "service") == service;
}

std::string RandomToken() {
  constexpr std::string_view kLetters =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  constexpr unsigned kFair = 256 / 62 * 62;  // bytes from there on would favour some letters
  std::string token;
  while (token.size() < kTokenSize) {
    for (const char c : RandomBytes(kTokenSize)) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < kFair && token.size() < kTokenSize) token += kLetters[byte % kLetters.size()];
    }
  }
  return token;
}

}  // namespace silverback::plugins::oauth2
