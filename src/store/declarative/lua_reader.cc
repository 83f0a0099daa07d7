#include "store/declarative/lua_reader.h"

#include <cmath>
#include <lua.hpp>
#include <memory>
#include <string>

namespace silverback::store::declarative {
namespace {

constexpr int kDeepest = 100;
constexpr int kInstructions = 100000000;

struct CloseState {
  void operator()(lua_State* state) const { lua_close(state); }
};

void StopEndlessLoop(lua_State* lua, lua_Debug*) { luaL_error(lua, "too many instructions"); }

std::string Text(lua_State* lua, int index) {
  size_t size = 0;
  const char* text = lua_tolstring(lua, index, &size);
  return text ? std::string(text, size) : "";
}

Json Number(double value) {
  constexpr double kLargestExact = 9007199254740992.0;
  if (value == std::trunc(value) && std::abs(value) <= kLargestExact)
    return static_cast<int64_t>(value);
  return value;
}

Result<Json> ToJson(lua_State* lua, int depth);

Result<Json> ListToJson(lua_State* lua, size_t size, int depth) {
  Json list = Json::array();
  for (size_t i = 1; i <= size; ++i) {
    lua_rawgeti(lua, -1, static_cast<int>(i));
    auto item = ToJson(lua, depth + 1);
    lua_pop(lua, 1);
    if (!item) return item;
    list.push_back(*std::move(item));
  }
  return list;
}

Result<Json> TableToJson(lua_State* lua, int depth) {
  if (depth > kDeepest || !lua_checkstack(lua, 4))
    return Error(ErrorCode::kInvalidInput, "too many levels of nesting");
  if (const size_t size = lua_objlen(lua, -1); size > 0) return ListToJson(lua, size, depth);
  Json object = Json::object();
  for (lua_pushnil(lua); lua_next(lua, -2) != 0; lua_pop(lua, 1)) {
    // A copy: converting the key in place would confuse lua_next.
    lua_pushvalue(lua, -2);
    const std::string key =
        lua_isboolean(lua, -1) ? (lua_toboolean(lua, -1) ? "true" : "false") : Text(lua, -1);
    lua_pop(lua, 1);
    auto value = ToJson(lua, depth + 1);
    if (!value) return value;
    object[key] = *std::move(value);
  }
  return object;
}

// The value on the top of the stack, which stays there.
Result<Json> ToJson(lua_State* lua, int depth) {
  switch (lua_type(lua, -1)) {
    case LUA_TBOOLEAN:
      return Json(lua_toboolean(lua, -1) != 0);
    case LUA_TNUMBER:
      return Number(lua_tonumber(lua, -1));
    case LUA_TSTRING:
      return Json(Text(lua, -1));
    case LUA_TTABLE:
      return TableToJson(lua, depth);
    default:
      return Json();
  }
}

}  // namespace

Result<Json> ReadLua(std::string_view text) {
  const std::unique_ptr<lua_State, CloseState> state(luaL_newstate());
  lua_State* lua = state.get();
  if (lua == nullptr) return Error(ErrorCode::kInternal, "out of memory");
  // Hooks count interpreted instructions only.
  luaJIT_setmode(lua, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  lua_sethook(lua, StopEndlessLoop, LUA_MASKCOUNT, kInstructions);
  const bool ok = luaL_loadbufferx(lua, text.data(), text.size(), "=file", "t") == 0 &&
                  lua_pcall(lua, 0, 1, 0) == 0;
  if (!ok) return Error(ErrorCode::kInvalidInput, Text(lua, -1));
  return ToJson(lua, 0);
}

}  // namespace silverback::store::declarative
