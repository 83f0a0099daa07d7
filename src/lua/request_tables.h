// The Lua tables that live as long as one request: what its plugins share (kong.ctx.shared,
// ngx.ctx) and what each keeps for itself (kong.ctx.plugin).
#pragma once

#include <lua.hpp>

#include "lua/pdk.h"

namespace silverback::lua {

// What native plugins share of the request is seen in it as well.
void PushShared(lua_State* lua, plugin::Exchange& exchange, PdkContext& context);
// Shows native plugins what texts have put into it.
void PublishShared(lua_State* lua, plugin::Exchange& exchange);
void PushNgxCtx(lua_State* lua, plugin::Exchange& exchange);
void PushOwn(lua_State* lua, plugin::Exchange& exchange, const void* plugin);

}  // namespace silverback::lua
