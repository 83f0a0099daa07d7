// Headers and query arguments as Lua tables.
#include "http/query.h"
#include "lua/convert.h"
#include "lua/pdk.h"
#include "util/string_util.h"

namespace silverback::lua {
namespace {

// Adds a value under a name to the table on the top: one as it is, several as a list.
void AddItem(lua_State* lua, std::string_view name, std::string_view value, bool bare = false) {
  const auto push_value = [&] {
    if (bare) {
      lua_pushboolean(lua, 1);
    } else {
      PushText(lua, value);
    }
  };
  PushText(lua, name);
  lua_rawget(lua, -2);
  if (lua_isnil(lua, -1)) {
    lua_pop(lua, 1);
    PushText(lua, name);
    push_value();
    lua_rawset(lua, -3);
  } else if (lua_istable(lua, -1)) {
    push_value();
    lua_rawseti(lua, -2, static_cast<int>(lua_objlen(lua, -2)) + 1);
    lua_pop(lua, 1);
  } else {
    lua_createtable(lua, 2, 0);
    lua_insert(lua, -2);
    lua_rawseti(lua, -2, 1);
    push_value();
    lua_rawseti(lua, -2, 2);
    PushText(lua, name);
    lua_insert(lua, -2);
    lua_rawset(lua, -3);
  }
}

}  // namespace

// Header tables find a name however it is written, also with underscores for hyphens.
void PushHeaders(lua_State* lua, const plugin::Headers& headers, int most) {
  lua_newtable(lua);
  for (const auto& [name, value] : headers) {
    if (most-- == 0) break;
    AddItem(lua, ToLower(name), value);
  }
  lua_newtable(lua);
  lua_pushcfunction(lua, [](lua_State* l) {
    size_t size = 0;
    const char* key = lua_tolstring(l, 2, &size);
    if (key == nullptr) return 0;
    luaL_Buffer lower;
    luaL_buffinit(l, &lower);
    for (size_t i = 0; i < size; ++i) {
      const auto c = static_cast<unsigned char>(key[i]);
      luaL_addchar(&lower, c == '_' ? '-' : static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c));
    }
    luaL_pushresult(&lower);
    lua_rawget(l, 1);
    return 1;
  });
  lua_setfield(lua, -2, "__index");
  lua_setmetatable(lua, -2);
}

void PushQuery(lua_State* lua, std::string_view query, int most) {
  lua_newtable(lua);
  for (const auto& argument : http::ParseQuery(query, static_cast<size_t>(most)))
    AddItem(lua, argument.name, argument.value.value_or(""), !argument.value);
}

}  // namespace silverback::lua
