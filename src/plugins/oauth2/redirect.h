// Redirection of clients' users with the outcome in the address. Pure; any thread.
#pragma once

#include <string>

#include "util/json.h"

namespace silverback::plugins::oauth2 {

// `uri` with the parameters (texts and numbers) in its query or its fragment, beside those that
// are there already, sorted by name.
std::string RedirectTo(const std::string& uri, const Json& parameters, bool in_fragment);

}  // namespace silverback::plugins::oauth2
