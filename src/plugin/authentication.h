// What all authentication plugins share: falling back to an anonymous consumer, and the consumer of
// a credential.
#pragma once

#include <string>

#include "plugin/env.h"
#include "plugin/plugin.h"

namespace silverback::plugin {

// Why a request was not authenticated.
struct Refusal {
  int status = 401;
  std::string message;
  Headers headers{};
  bool json_only = false;  // some plugins answer JSON whatever the client accepts
};

// With `anonymous` set (a consumer's id or username) the request goes on as that consumer;
// otherwise it is refused. An anonymous consumer that does not exist is a mistake of the
// configuration: 500.
Next RefuseOrAnonymous(Exchange& exchange, PluginEnv& env, const std::string& anonymous,
                       Refusal refusal);

// The consumer that a credential row belongs to; null when it is gone.
EntityRef ConsumerOf(PluginEnv& env, const Json& credential);

}  // namespace silverback::plugin
