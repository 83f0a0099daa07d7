#include "schema/lua_pattern.h"

#include "schema/names.h"

#include <lua.hpp>
#include <memory>

namespace silverback::schema {
namespace {

struct CloseState {
  void operator()(lua_State* state) const { lua_close(state); }
};

lua_State* ThreadState() {
  thread_local std::unique_ptr<lua_State, CloseState> state = [] {
    std::unique_ptr<lua_State, CloseState> made(luaL_newstate());
    lua_pushcfunction(made.get(), luaopen_string);
    lua_call(made.get(), 0, 0);
    // The first of the stack, for good: string.find.
    lua_getglobal(made.get(), "string");
    lua_getfield(made.get(), -1, "find");
    lua_remove(made.get(), 1);
    return made;
  }();
  return state.get();
}

}  // namespace

bool LuaFind(std::string_view text, const std::string& pattern) {
  lua_State* lua = ThreadState();
  lua_pushvalue(lua, 1);
  lua_pushlstring(lua, text.data(), text.size());
  lua_pushlstring(lua, pattern.data(), pattern.size());
  const bool found = lua_pcall(lua, 2, 1, 0) == 0 && !lua_isnil(lua, -1);
  lua_settop(lua, 1);
  return found;
}

std::string LuaSyntaxError(const std::string& code) {
  lua_State* lua = ThreadState();
  const int failed = luaL_loadbuffer(lua, code.data(), code.size(), code.c_str());
  size_t size = 0;
  const char* message = failed ? lua_tolstring(lua, -1, &size) : nullptr;
  std::string error = message ? std::string(message, size) : "";
  lua_settop(lua, 1);
  return error;
}

}  // namespace silverback::schema
