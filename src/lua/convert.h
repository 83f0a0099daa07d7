// Between Lua values and JSON. Lua's numbers, strings, booleans, nil and tables have their
// likes in JSON; a table is a list when its keys are 1 to n, an object otherwise. One Lua state
// belongs to one thread.
#pragma once

#include <lua.hpp>
#include <optional>
#include <string_view>

#include "util/json.h"

namespace silverback::lua {

void PushText(lua_State* lua, std::string_view text);

// null becomes nil, so a list keeps only what stands before its first null.
void PushJson(lua_State* lua, const Json& value);

// nullopt for what JSON cannot say: functions, userdata, keys that are no strings, tables within
// themselves. nil is null, an empty table an empty object.
std::optional<Json> ToJson(lua_State* lua, int index);

}  // namespace silverback::lua
