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
    return made;
  }();
  return state.get();
}

}  // namespace

bool LuaFind(std::string_view text, const std::string& pattern) {
  lua_State* lua = ThreadState();
  lua_getglobal(lua, "string");
  lua_getfield(lua, -1, "find");
  lua_pushlstring(lua, text.data(), text.size());
  lua_pushlstring(lua, pattern.data(), pattern.size());
  const bool found = lua_pcall(lua, 2, 1, 0) == 0 && !lua_isnil(lua, -1);
  lua_settop(lua, 0);
  return found;
}

std::string LuaSyntaxError(const std::string& code) {
  lua_State* lua = ThreadState();
  const int failed = luaL_loadbuffer(lua, code.data(), code.size(), code.c_str());
  size_t size = 0;
  const char* message = failed ? lua_tolstring(lua, -1, &size) : nullptr;
  std::string error = message ? std::string(message, size) : "";
  lua_settop(lua, 0);
  return error;
}

}  // namespace silverback::schema
