#include "lua/convert.h"

#include <algorithm>
#include <cmath>

namespace silverback::lua {
namespace {

constexpr double kMostSize = 1 << 30;
constexpr size_t kMostSparse = 1 << 15;  // a list of holes is refused from there on
constexpr int kMaxDepth = 100;           // deeper tables are taken for tables within themselves

std::optional<Json> ValueAt(lua_State* lua, int index, int depth);

// What is missing between is null.
std::optional<Json> List(lua_State* lua, int index, size_t size, int depth) {
  Json list = Json::array();
  for (size_t i = 1; i <= size; ++i) {
    lua_rawgeti(lua, index, static_cast<int>(i));
    auto item = ValueAt(lua, lua_gettop(lua), depth);
    lua_pop(lua, 1);
    if (!item) return std::nullopt;
    list.push_back(*std::move(item));
  }
  return list;
}

std::optional<Json> Object(lua_State* lua, int index, int depth) {
  Json object = Json::object();
  lua_pushnil(lua);
  while (lua_next(lua, index) != 0) {
    const int key = lua_type(lua, -2);
    auto value = key == LUA_TSTRING || key == LUA_TNUMBER ? ValueAt(lua, lua_gettop(lua), depth)
                                                          : std::nullopt;
    if (!value) {
      lua_pop(lua, 2);
      return std::nullopt;
    }
    lua_pop(lua, 1);
    lua_pushvalue(lua, -1);  // lua_tolstring would change a number that lua_next needs
    size_t size = 0;
    const char* name = lua_tolstring(lua, -1, &size);
    object[std::string(name, size)] = *std::move(value);
    lua_pop(lua, 1);
  }
  return object;
}

bool IsMarked(lua_State* lua, int index) {
  if (lua_getmetatable(lua, index) == 0) return false;
  PushListMark(lua);
  const bool marked = lua_rawequal(lua, -1, -2) != 0;
  lua_pop(lua, 2);
  return marked;
}

struct ListExtent {
  size_t largest = 0, items = 0;
  bool IsSparse() const { return largest > kMostSparse && largest > 2 * items; }
};

// Of a table whose keys are all whole numbers from 1; nullopt when it is no list.
std::optional<ListExtent> ListExtentOf(lua_State* lua, int index) {
  ListExtent extent;
  lua_pushnil(lua);
  while (lua_next(lua, index) != 0) {
    lua_pop(lua, 1);
    ++extent.items;
    const double key = lua_type(lua, -1) == LUA_TNUMBER ? lua_tonumber(lua, -1) : 0;
    if (key < 1 || key != std::floor(key) || key > kMostSize) {
      lua_pop(lua, 1);
      return std::nullopt;
    }
    extent.largest = std::max(extent.largest, static_cast<size_t>(key));
  }
  return extent;
}

std::optional<Json> Table(lua_State* lua, int index, int depth) {
  if (depth > kMaxDepth || lua_checkstack(lua, 4) == 0) return std::nullopt;
  const auto extent = ListExtentOf(lua, index);
  if (extent && extent->IsSparse()) return std::nullopt;
  const bool list = extent && (extent->largest > 0 || IsMarked(lua, index));
  return list ? List(lua, index, extent->largest, depth) : Object(lua, index, depth);
}

std::optional<Json> ValueAt(lua_State* lua, int index, int depth) {
  switch (lua_type(lua, index)) {
    case LUA_TNIL:
      return Json();
    case LUA_TBOOLEAN:
      return Json(lua_toboolean(lua, index) != 0);
    case LUA_TNUMBER:
      // JSON has no infinite ones, and nothing that is no number.
      if (!std::isfinite(lua_tonumber(lua, index))) return std::nullopt;
      return Json(lua_tonumber(lua, index));
    case LUA_TSTRING: {
      size_t size = 0;
      const char* text = lua_tolstring(lua, index, &size);
      return Json(std::string(text, size));
    }
    case LUA_TTABLE:
      return Table(lua, index, depth + 1);
    case LUA_TLIGHTUSERDATA:
      if (lua_touserdata(lua, index) == nullptr) return Json();
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

void Push(lua_State* lua, const Json& value, bool document) {
  luaL_checkstack(lua, 4, "too many levels of nesting");
  if (value.is_string()) {
    PushText(lua, value.get_ref<const std::string&>());
  } else if (value.is_boolean()) {
    lua_pushboolean(lua, value.get<bool>() ? 1 : 0);
  } else if (value.is_number()) {
    lua_pushnumber(lua, value.get<double>());
  } else if (value.is_array()) {
    lua_createtable(lua, static_cast<int>(value.size()), 0);
    for (size_t i = 0; i < value.size(); ++i) {
      Push(lua, value[i], document);
      lua_rawseti(lua, -2, static_cast<int>(i + 1));
    }
    if (!document) return;
    PushListMark(lua);
    lua_setmetatable(lua, -2);
  } else if (value.is_object()) {
    lua_createtable(lua, 0, static_cast<int>(value.size()));
    for (const auto& [name, member] : value.items()) {
      PushText(lua, name);
      Push(lua, member, document);
      lua_rawset(lua, -3);
    }
  } else if (document) {
    lua_pushlightuserdata(lua, nullptr);
  } else {
    lua_pushnil(lua);
  }
}

}  // namespace

void PushText(lua_State* lua, std::string_view text) {
  lua_pushlstring(lua, text.data(), text.size());
}

std::string_view TextAt(lua_State* lua, int index) {
  size_t size = 0;
  const char* text = luaL_checklstring(lua, index, &size);
  return {text, size};
}

void PushJson(lua_State* lua, const Json& value) { Push(lua, value, false); }

void PushDocument(lua_State* lua, const Json& document) { Push(lua, document, true); }

void PushListMark(lua_State* lua) {
  if (luaL_newmetatable(lua, "silverback.list") != 0) {
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
  }
}

std::optional<Json> ToJson(lua_State* lua, int index) {
  if (index < 0) index = lua_gettop(lua) + index + 1;
  return ValueAt(lua, index, 0);
}

}  // namespace silverback::lua
