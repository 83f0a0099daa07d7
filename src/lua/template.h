// Templates: texts with Lua expressions in "$(...)".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lua/pdk.h"

namespace silverback::lua {

// The text of a function that makes the template's text; its argument is Lua's tostring. nullopt:
// no expression is in it. Parentheses that do not close are text.
std::optional<std::string> TemplateChunk(std::string_view text);

// Pushes the metatable of an environment that has the request's headers, query_params, uri_captures
// and what plugins share of it, made when they are first used, and then Lua's globals if
// `with_globals`. Nothing may be written into such an environment.
void PushTemplateValues(lua_State* lua, PdkContext& context, bool with_globals);

}  // namespace silverback::lua
