// Reason phrases of status codes, as nginx and Kong's error bodies name them. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace silverback::http {

std::string_view ReasonPhrase(int status);  // "" for an unknown one

// The HTML page that nginx shows with an answer of this status, without the name of the server; ""
// where it has none.
std::string StatusPage(int status);

}  // namespace silverback::http
