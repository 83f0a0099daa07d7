// Proof Key for Code Exchange (RFC 7636). Pure functions; any thread.
#pragma once

#include "plugins/oauth2/settings.h"

namespace silverback::plugins::oauth2 {

// What the client sends along when it asks for a code: the members of the code's row ("challenge",
// "challenge_method"), or why no code can be given.
struct Challenge {
  Json members = Json::object();
  std::optional<Reply> failure;
};
Challenge ChallengeFor(const Settings& settings, const Parameters& parameters, const Json& client);

// Why the code may not be exchanged; nullopt when it may.
std::optional<Reply> CheckVerifier(const Settings& settings, const Parameters& parameters,
                                   const Json& client, const Json& code);

inline bool IsPublic(const Json& client) { return StringMember(client, "client_type") == "public"; }

}  // namespace silverback::plugins::oauth2
