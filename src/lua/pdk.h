// The Lua side of a text's world: `kong` (Kong's plugin development kit) and `ngx`
// (lua-nginx-module), as far as they neither wait nor reach beyond the request. The functions that
// look at a request are in C++ (pdk_kong.cc, pdk_ngx.cc), those that change it stand on core.cc,
// and what checks arguments and phases is Lua (pdk/*.lua).
//
// https://docs.konghq.com/gateway/2.8.x/pdk/
#pragma once

#include <lua.hpp>
#include <optional>
#include <string>

#include "plugin/env.h"
#include "plugin/exchange.h"
#include "plugin/plugin.h"
#include "plugin/script.h"

namespace silverback::lua {

// What the functions below work on; lives as long as the Lua state.
struct PdkContext {
  plugin::Logger* log = nullptr;
  plugin::EntityReader* entities = nullptr;
  std::function<double()> now{};
  std::string node_id{};
  std::function<bool(std::string_view ip)> trusts{};
  std::function<Json()> configuration{};  // without its secrets

  // Of the text that runs; null and empty between texts.
  plugin::Exchange* exchange = nullptr;
  const char* phase = "log";
  plugin::TemplateScope* scope = nullptr;  // a template is being rendered
  const void* plugin = nullptr;            // whose text it is
  plugin::BodyChunk* chunk = nullptr;      // in body_filter
  plugin::Handshake* handshake = nullptr;  // in certificate
  const std::string* body = nullptr;       // of the request, once it was read
  std::string said{};                      // by ngx.say
  int said_status = 0;                     // by ngx.status before the response
  std::optional<plugin::LocalResponse> answer{};
};

// Headers and query arguments as Lua tables: one value as it is, several as a list, a bare name as
// true; names of headers in any case and with underscores for hyphens.
void PushHeaders(lua_State* lua, const plugin::Headers& headers, int most);
void PushQuery(lua_State* lua, std::string_view query, int most);

// Push a new table `kong` or `ngx` with its functions, and what the files in pdk/ stand on.
void PushKong(lua_State* lua, PdkContext& context);
void PushNgx(lua_State* lua, PdkContext& context);
void PushCore(lua_State* lua, PdkContext& context);
// The functions of `core` (on the top) that read and make documents and match expressions.
void AddData(lua_State* lua, PdkContext& context);

}  // namespace silverback::lua
