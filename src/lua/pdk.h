// The part of Kong's plugin development kit (kong.*) and of lua-nginx-module (ngx.*) that looks at
// a request and its response: what a script of the log phase may call. Functions of other phases
// raise an error that says so.
//
// https://docs.konghq.com/gateway/2.8.x/pdk/
#pragma once

#include <lua.hpp>

#include "plugin/env.h"
#include "plugin/exchange.h"
#include "plugin/script.h"

namespace silverback::lua {

// What the functions below work on; lives as long as the Lua state.
struct PdkContext {
  plugin::Exchange* exchange = nullptr;    // of the script that runs; null between scripts
  plugin::TemplateScope* scope = nullptr;  // of the template that is being rendered
  plugin::Logger* log = nullptr;
  plugin::EntityReader* entities = nullptr;
  std::function<double()> now;
  std::string node_id;
};

// Headers and query arguments as Lua tables: one value as it is, several as a list, a bare name as
// true; names of headers in any case and with underscores for hyphens.
void PushHeaders(lua_State* lua, const plugin::Headers& headers, int most);
void PushQuery(lua_State* lua, std::string_view query, int most);

// Push a new table `kong` or `ngx` with its functions.
void PushKong(lua_State* lua, PdkContext& context);
void PushNgx(lua_State* lua, PdkContext& context);

}  // namespace silverback::lua
