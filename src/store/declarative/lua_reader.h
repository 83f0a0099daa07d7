// Declarative files in Lua: a chunk that returns a table, run without access to anything and for a
// bounded number of instructions. For the command line; pure function.
#pragma once

#include <string_view>

#include "util/json.h"
#include "util/result.h"

namespace silverback::store::declarative {

// What the chunk returns, tables as lists or objects; null for nothing. Error: kInvalidInput with
// Lua's message.
Result<Json> ReadLua(std::string_view text);

}  // namespace silverback::store::declarative
