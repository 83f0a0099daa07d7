#include <cmath>

#include "lua/convert.h"
#include "lua/function.h"
#include "util/string_util.h"

namespace silverback::lua {
namespace {

std::string_view TextArgument(lua_State* lua) {
  size_t size = 0;
  const char* text = luaL_checklstring(lua, 1, &size);
  return {text, size};
}

template <auto kConvert>
int Convert(lua_State* lua) {
  const std::string_view text = TextArgument(lua);
  try {
    PushText(lua, kConvert(text));
    return 1;
  } catch (const std::exception& e) {
    lua_pushstring(lua, e.what());
  }
  return lua_error(lua);
}

std::string Unescaped(std::string_view text) { return PercentDecode(text, true); }

int DecodeBase64(lua_State* lua) {
  const auto bytes = Base64Decode(TextArgument(lua));
  if (!bytes) return 0;
  PushText(lua, *bytes);
  return 1;
}

int Now(lua_State* lua) {
  lua_pushnumber(lua, ContextOf(lua).now());
  return 1;
}

int Time(lua_State* lua) {
  lua_pushnumber(lua, std::floor(ContextOf(lua).now()));
  return 1;
}

int VariableOf(lua_State* lua, plugin::Exchange& exchange) {
  size_t size = 0;
  const char* name = luaL_checklstring(lua, 2, &size);
  const auto value = exchange.Variable({name, size});
  if (!value) return 0;
  PushText(lua, *value);
  return 1;
}

int Status(lua_State* lua, plugin::Exchange& exchange) {
  const char* name = luaL_checkstring(lua, 2);
  if (std::string_view(name) != "status") return 0;
  lua_pushnumber(lua, exchange.ResponseStatus());
  return 1;
}

// A table whose members are looked up by `index`.
void PushIndexed(lua_State* lua, PdkContext& context, lua_CFunction index) {
  lua_newtable(lua);
  lua_newtable(lua);
  Register(lua, context, {{"__index", index}});
  lua_setmetatable(lua, -2);
}

}  // namespace

void PushNgx(lua_State* lua, PdkContext& context) {
  PushIndexed(lua, context, OnRequest<Status>);
  Register(lua, context,
           {{"now", Now},
            {"time", Time},
            {"encode_base64", Convert<Base64Encode>},
            {"decode_base64", DecodeBase64},
            {"escape_uri", Convert<PercentEncode>},
            {"unescape_uri", Convert<Unescaped>},
            {"md5", Convert<Md5Hex>},
            {"sha1_bin", Convert<Sha1>}});
  lua_pushlightuserdata(lua, nullptr);
  lua_setfield(lua, -2, "null");
  lua_newtable(lua);
  lua_setfield(lua, -2, "ctx");
  PushIndexed(lua, context, OnRequest<VariableOf>);
  lua_setfield(lua, -2, "var");
}

}  // namespace silverback::lua
