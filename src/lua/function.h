// Lua functions that are written in C++: the frame around each of them, and their tables.
#pragma once

#include <exception>
#include <initializer_list>
#include <lua.hpp>

#include "lua/pdk.h"

namespace silverback::lua {

inline PdkContext& ContextOf(lua_State* lua) {
  return *static_cast<PdkContext*>(lua_touserdata(lua, lua_upvalueindex(1)));
}

// A function that works on the current request. Exceptions become Lua errors at this border; the
// message is copied first, so that no C++ object is alive when Lua jumps.
using RequestFunction = int (*)(lua_State* lua, plugin::Exchange& exchange);
template <RequestFunction kFunction>
int OnRequest(lua_State* lua) {
  plugin::Exchange* exchange = ContextOf(lua).exchange;
  if (exchange == nullptr) return luaL_error(lua, "no request is being handled");
  try {
    return kFunction(lua, *exchange);
  } catch (const std::exception& e) {
    lua_pushstring(lua, e.what());
  }
  return lua_error(lua);
}

struct Function {
  const char* name;
  lua_CFunction call;
};

// Adds functions to the table on the top of the stack.
inline void Register(lua_State* lua, PdkContext& context, std::initializer_list<Function> list) {
  for (const Function& function : list) {
    lua_pushlightuserdata(lua, &context);
    lua_pushcclosure(lua, function.call, 1);
    lua_setfield(lua, -2, function.name);
  }
}

}  // namespace silverback::lua
