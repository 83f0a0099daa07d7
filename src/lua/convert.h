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
// A text or number on the stack, as text; anything else raises Lua's error.
std::string_view TextAt(lua_State* lua, int index);

// null becomes nil, so a list keeps only what stands before its first null.
void PushJson(lua_State* lua, const Json& value);
// Null becomes ngx.null, and lists are marked as such, so that all of it can be made JSON again.
void PushDocument(lua_State* lua, const Json& document);
// The metatable that marks lists.
void PushListMark(lua_State* lua);

// nullopt for what JSON cannot say: functions, userdata, keys that are no strings, tables within
// themselves. nil and ngx.null are null, an empty table an empty object unless it is marked as a
// list.
std::optional<Json> ToJson(lua_State* lua, int index);

}  // namespace silverback::lua
