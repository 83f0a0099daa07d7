#include "lua/request_tables.h"

#include "lua/state.h"

namespace silverback::lua {
namespace {

const char kSlot = 0;  // its address stands for the tables among the request's slots

struct Tables {
  Reference all;
};

// The table of all tables of the request, on the top.
void PushAll(lua_State* lua, plugin::Exchange& exchange) {
  auto& tables = exchange.Slot<Tables>(&kSlot);
  if (!tables.all) {
    lua_newtable(lua);
    tables.all.Take(State::Of(lua).shared_from_this());
  }
  tables.all.Push(lua);
}

// The table of that key, made when it is first asked for, in place of the key on the top.
void PushKeyed(lua_State* lua, plugin::Exchange& exchange) {
  PushAll(lua, exchange);
  lua_pushvalue(lua, -2);
  lua_rawget(lua, -2);
  if (lua_isnil(lua, -1)) {
    lua_pop(lua, 1);
    lua_newtable(lua);
    lua_pushvalue(lua, -3);
    lua_pushvalue(lua, -2);
    lua_rawset(lua, -4);
  }
  lua_replace(lua, -3);
  lua_pop(lua, 1);
}

}  // namespace

void PushShared(lua_State* lua, plugin::Exchange& exchange) {
  lua_pushliteral(lua, "shared");
  PushKeyed(lua, exchange);
}

void PushNgxCtx(lua_State* lua, plugin::Exchange& exchange) {
  lua_pushliteral(lua, "ngx");
  PushKeyed(lua, exchange);
}

void PushOwn(lua_State* lua, plugin::Exchange& exchange, const void* plugin) {
  lua_pushlightuserdata(lua, const_cast<void*>(plugin));
  PushKeyed(lua, exchange);
}

}  // namespace silverback::lua
