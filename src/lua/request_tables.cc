#include "lua/request_tables.h"

#include "lua/convert.h"
#include "lua/function.h"
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

int SharedByOthers(lua_State* lua, plugin::Exchange& exchange) {
  if (lua_type(lua, 2) != LUA_TSTRING) return 0;
  const Json* value = FindMember(exchange.Shared(), TextAt(lua, 2));
  if (value == nullptr) return 0;
  PushJson(lua, *value);
  return 1;
}

}  // namespace

void PushShared(lua_State* lua, plugin::Exchange& exchange, PdkContext& context) {
  lua_pushliteral(lua, "shared");
  PushKeyed(lua, exchange);
  if (lua_getmetatable(lua, -1) != 0) return lua_pop(lua, 1);
  lua_newtable(lua);
  Register(lua, context, {{"__index", OnRequest<SharedByOthers>}});
  lua_setmetatable(lua, -2);
}

void PublishShared(lua_State* lua, plugin::Exchange& exchange) {
  if (!exchange.Slot<Tables>(&kSlot).all) return;
  PushAll(lua, exchange);
  lua_getfield(lua, -1, "shared");
  if (!lua_istable(lua, -1)) return lua_pop(lua, 2);
  lua_pushnil(lua);
  while (lua_next(lua, -2) != 0) {
    auto value = lua_type(lua, -2) == LUA_TSTRING ? ToJson(lua, -1) : std::nullopt;
    if (value) exchange.Shared()[std::string(TextAt(lua, -2))] = *std::move(value);
    lua_pop(lua, 1);
  }
  lua_pop(lua, 2);
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
