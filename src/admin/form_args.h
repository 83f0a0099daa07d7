// Arguments of forms and query strings as documents: "a.b=1", "a[]=1", "a[2]=x" build objects and
// lists. Pure functions; any thread; nothing fails.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/query.h"
#include "util/json.h"

namespace silverback::admin {

// Builds an object. A bare name is `true`; a name given several times is a list.
Json DecodeArguments(const std::vector<http::Argument>& arguments);

// Numbers as Lua reads them: blanks around, hexadecimal, exponents.
std::optional<double> LuaNumber(std::string_view text);
// The same as a document: an integer where the number is one.
std::optional<Json> FormNumber(std::string_view text);

}  // namespace silverback::admin
