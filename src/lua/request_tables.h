// The Lua tables that live as long as one request: what its plugins share (kong.ctx.shared,
// ngx.ctx) and what each keeps for itself (kong.ctx.plugin).
#pragma once

#include <lua.hpp>

#include "plugin/exchange.h"

namespace silverback::lua {

void PushShared(lua_State* lua, plugin::Exchange& exchange);
void PushNgxCtx(lua_State* lua, plugin::Exchange& exchange);
void PushOwn(lua_State* lua, plugin::Exchange& exchange, const void* plugin);

}  // namespace silverback::lua
