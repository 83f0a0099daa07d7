#include <charconv>
#include <cmath>

#include "lua/convert.h"
#include "lua/function.h"
#include "util/crypto.h"
#include "util/string_util.h"

namespace silverback::lua {
namespace {

template <auto kConvert>
int Convert(lua_State* lua) {
  const std::string_view text = TextAt(lua, 1);
  try {
    PushText(lua, kConvert(text));
    return 1;
  } catch (const std::exception& e) {
    lua_pushstring(lua, e.what());
  }
  return lua_error(lua);
}

std::string Md5Bin(std::string_view text) {
  const std::string hex = Md5Hex(text);
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

int HmacSha1(lua_State* lua) {
  PushText(lua, Hmac(HashKind::kSha1, TextAt(lua, 1), TextAt(lua, 2)));
  return 1;
}

// The polynomial of zlib and PNG.
int Crc32(lua_State* lua) {
  constexpr uint32_t kPolynomial = 0xedb88320;
  uint32_t crc = 0xffffffff;
  for (const char c : TextAt(lua, 1)) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kPolynomial : 0);
  }
  lua_pushnumber(lua, ~crc);
  return 1;
}

std::string Unescaped(std::string_view text) { return PercentDecode(text, true); }

int DecodeBase64(lua_State* lua) {
  const auto bytes = Base64Decode(TextAt(lua, 1));
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

// A table whose members are looked up by `index`.
void PushIndexed(lua_State* lua, PdkContext& context, lua_CFunction index) {
  lua_newtable(lua);
  lua_newtable(lua);
  Register(lua, context, {{"__index", index}});
  lua_setmetatable(lua, -2);
}

}  // namespace

void PushNgx(lua_State* lua, PdkContext& context) {
  lua_newtable(lua);
  Register(lua, context,
           {{"now", Now},
            {"time", Time},
            {"encode_base64", Convert<Base64Encode>},
            {"decode_base64", DecodeBase64},
            {"escape_uri", Convert<PercentEncode>},
            {"unescape_uri", Convert<Unescaped>},
            {"md5", Convert<Md5Hex>},
            {"md5_bin", Convert<Md5Bin>},
            {"sha1_bin", Convert<Sha1>},
            {"hmac_sha1", HmacSha1},
            {"crc32_short", Crc32},
            {"crc32_long", Crc32}});
  lua_pushlightuserdata(lua, nullptr);
  lua_setfield(lua, -2, "null");
  PushIndexed(lua, context, OnRequest<VariableOf>);
  lua_setfield(lua, -2, "var");
}

}  // namespace silverback::lua
