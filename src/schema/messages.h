// The one-line and multi-line texts of violations.
#pragma once

#include <string>

#include "util/json.h"

namespace silverback::schema {

// A table as Lua's pretty printer writes it, with two-space indents: what nested errors look like
// in messages.
std::string PrettyTable(const Json& value, int indent = 0);

}  // namespace silverback::schema
