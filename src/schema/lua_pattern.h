// Lua patterns, as Kong's schemas use them ("match", "match_none", ...), evaluated by LuaJIT's own
// string library. Any thread: each has its own interpreter state.
#pragma once

#include <string>
#include <string_view>

namespace silverback::schema {

// True when `pattern` occurs in `text` (string.find). A malformed pattern never matches.
bool LuaFind(std::string_view text, const std::string& pattern);

}  // namespace silverback::schema
