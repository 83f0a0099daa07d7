// Reason phrases of status codes, as nginx and Kong's error bodies name them. Pure; any thread.
#pragma once

#include <string_view>

namespace silverback::http {

std::string_view ReasonPhrase(int status);  // "" for an unknown one

}  // namespace silverback::http
