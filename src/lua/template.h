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

// core.template_value(name): the request's headers, query_params or uri_captures, or what plugins
// share of it; nothing for other names.
int TemplateValue(lua_State* lua, plugin::Exchange& exchange);

}  // namespace silverback::lua
