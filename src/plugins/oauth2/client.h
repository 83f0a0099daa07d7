// Clients: the applications that ask for tokens.
#pragma once

#include "plugins/oauth2/settings.h"

namespace silverback::plugins::oauth2 {

// How a client says who it is.
struct ClientClaim {
  std::optional<std::string> id, secret;
  bool by_header = false;
};
ClientClaim ClaimOf(const plugin::Exchange& exchange, const Settings& settings,
                    const Parameters& parameters);

plugin::EntityRef FindClient(plugin::PluginEnv& env, const std::optional<std::string>& client_id);

// The redirect URI that the request asks for, or the client's first. `known` is false when it is
// none of the client's.
struct RedirectUri {
  std::string uri;
  bool known = true;
};
RedirectUri RedirectUriFor(const Json& client, const Parameters& parameters);
bool HasRedirectUris(const Json& client);

// Compares with a secret as it is stored, a slow hash included: not for the event loop.
bool VerifySecret(const Json& client, const std::string& secret);

}  // namespace silverback::plugins::oauth2
