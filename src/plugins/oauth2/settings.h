// What the parts of oauth2 share: its configuration, the request's parameters and the answers of
// its endpoints.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "plugin/env.h"
#include "util/json.h"

namespace silverback::plugins::oauth2 {

enum class Pkce { kNone, kLax, kStrict };

struct Settings {
  explicit Settings(const Json& config);

  bool has_scopes;  // none configured: what clients ask for is not looked at
  std::vector<std::string> scopes;
  bool mandatory_scope;
  std::string provision_key, anonymous, auth_header;
  bool authorization_code, implicit, client_credentials, password;
  bool hide_credentials, http_if_terminated, global_credentials, reuse_refresh_token;
  double token_expiration, refresh_token_ttl;
  Pkce pkce;
};

// Query and body of a request; the body's come first.
class Parameters {
 public:
  Parameters(const plugin::Exchange& exchange, std::string_view body);
  // nullptr: not given.
  const Json* Find(std::string_view name) const { return FindMember(all_, name); }
  // "" when it is not given or no text.
  std::string Text(std::string_view name) const { return StringMember(all_, name); }
  bool Has(std::string_view name) const;

 private:
  Json all_ = Json::object();
};

struct Reply {
  int status = 200;
  Json body = Json::object();
  plugin::Headers headers{};
  bool failed() const { return body.contains("error"); }
};

Reply Failure(std::string_view error, std::string_view description);
Reply InvalidClient();

// The scope that a token gets, as its row has it (null: none), or why there can be none.
struct Scope {
  Json granted;
  std::optional<Reply> failure;
};
Scope ScopeFor(const Settings& settings, const Parameters& parameters);

// Why the connection is not safe enough to ask for tokens; "" when it is.
std::string InsecureBecause(const plugin::Exchange& exchange, const Settings& settings);
// The service's id that tokens are bound to; "" for none.
std::string ServiceFor(const plugin::Exchange& exchange, const Settings& settings);
bool SameService(const Json& row, const std::string& service);

// Alphanumeric, as Kong's random strings.
std::string RandomToken();

// Keeps alive what makes the reply.
using ReplyDone = std::function<void(Reply)>;

}  // namespace silverback::plugins::oauth2
