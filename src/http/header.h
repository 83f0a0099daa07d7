// Header fields of requests and responses as lists of (name, value), and what their values are made
// of. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace silverback::http {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

// The first field of that name (ASCII case does not matter), or nullptr.
const std::string* FindHeader(const HeaderList& headers, std::string_view name);

// A parameter of a value such as `form-data; name="a b"; x=1`; quotes (with backslash escapes) are
// taken off. "" when it is not there.
std::string HeaderParameter(std::string_view value, std::string_view name);

// Members of a comma-separated list, trimmed, empty ones left out; commas within quotes do not
// separate.
std::vector<std::string_view> HeaderListMembers(std::string_view value);

}  // namespace silverback::http
