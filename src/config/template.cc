#include "config/template.h"

#include <cstdlib>
#include <lua.hpp>
#include <memory>

#include "util/string_util.h"

namespace silverback::config {
namespace {

struct CloseState {
  void operator()(lua_State* state) const { lua_close(state); }
};

// A Lua string literal.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + "\"";
}

// Position of the parenthesis that closes the one before `from`.
size_t ClosingParenthesis(std::string_view text, size_t from) {
  int depth = 1;
  for (size_t i = from; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

std::string CompileLine(std::string_view line) {
  std::string code;
  size_t done = 0;
  for (size_t at; (at = line.find("$(", done)) != std::string_view::npos;) {
    const size_t end = ClosingParenthesis(line, at + 2);
    if (end == std::string_view::npos) break;
    code += "_put(" + Quoted(line.substr(done, at - done)) + ") ";
    code += "_put(" + std::string(line.substr(at + 2, end - at - 2)) + ") ";
    done = end + 1;
  }
  return code + "_put(" + Quoted(std::string(line.substr(done)) + "\n") + ")\n";
}

std::string CompileTemplate(std::string_view text) {
  std::string code;
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (const std::string_view line : Split(text, '\n')) {
    if (line.starts_with('>')) {
      code += line.substr(1);
      code += '\n';
    } else {
      code += CompileLine(line);
    }
  }
  return code;
}

void Push(lua_State* lua, const Json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    lua_pushlstring(lua, text.data(), text.size());
  } else if (value.is_boolean()) {
    lua_pushboolean(lua, value.get<bool>());
  } else if (value.is_number()) {
    lua_pushnumber(lua, value.get<double>());
  } else if (value.is_array()) {
    lua_newtable(lua);
    for (size_t i = 0; i < value.size(); ++i) {
      Push(lua, value[i]);
      lua_rawseti(lua, -2, static_cast<int>(i) + 1);
    }
  } else if (value.is_object()) {
    lua_newtable(lua);
    for (const auto& [key, item] : value.items()) {
      Push(lua, item);
      lua_setfield(lua, -2, key.c_str());
    }
  } else {
    lua_pushnil(lua);
  }
}

int Put(lua_State* lua) {
  auto* out = static_cast<std::string*>(lua_touserdata(lua, lua_upvalueindex(1)));
  if (!lua_toboolean(lua, 1)) return 0;  // nil and false are empty
  lua_getglobal(lua, "tostring");
  lua_pushvalue(lua, 1);
  lua_call(lua, 1, 1);
  size_t size = 0;
  const char* text = lua_tolstring(lua, -1, &size);
  if (text) out->append(text, size);
  return 0;
}

int GetVariable(lua_State* lua) {
  lua_pushstring(lua, std::getenv(luaL_checkstring(lua, 1)));
  return 1;
}

// What templates may use of Lua: nothing that reaches beyond the interpreter.
void OpenLibraries(lua_State* lua) {
  for (const lua_CFunction open : {luaopen_base, luaopen_string, luaopen_table, luaopen_math}) {
    lua_pushcfunction(lua, open);
    lua_call(lua, 0, 0);
  }
  // os.getenv is the one function of its library that templates know.
  lua_newtable(lua);
  lua_pushcfunction(lua, GetVariable);
  lua_setfield(lua, -2, "getenv");
  lua_setglobal(lua, "os");
  for (const char* name : {"dofile", "loadfile", "load", "loadstring", "require", "module", "print",
                           "collectgarbage"}) {
    lua_pushnil(lua);
    lua_setglobal(lua, name);
  }
}

// ${{NAME}}: what is left after the template has run. Of a list the first stands for all, as
// directives take one.
std::string ReplaceSettings(std::string text, const Json& environment) {
  size_t from = 0;
  for (size_t at; (at = text.find("${{", from)) != std::string::npos;) {
    const size_t end = text.find("}}", at);
    if (end == std::string::npos) break;
    const std::string name = ToLower(Trim(std::string_view(text).substr(at + 3, end - at - 3)));
    const Json* value = FindMember(environment, name);
    if (value && value->is_array()) value = value->empty() ? nullptr : &value->front();
    const std::string shown = !value || value->is_null() || *value == false ? ""
                              : value->is_string() ? value->get<std::string>()
                                                   : DumpJson(*value);
    text.replace(at, end + 2 - at, shown);
    from = at + shown.size();
  }
  return text;
}

}  // namespace

Result<std::string> RenderTemplate(std::string_view text, const Json& environment) {
  const std::unique_ptr<lua_State, CloseState> state(luaL_newstate());
  lua_State* lua = state.get();
  OpenLibraries(lua);
  for (const auto& [key, value] : environment.items()) {
    Push(lua, value);
    lua_setglobal(lua, key.c_str());
  }
  std::string out;
  lua_pushlightuserdata(lua, &out);
  lua_pushcclosure(lua, Put, 1);
  lua_setglobal(lua, "_put");
  const std::string code = CompileTemplate(text);
  if (luaL_loadbuffer(lua, code.data(), code.size(), "=template") != 0 ||
      lua_pcall(lua, 0, 0, 0) != 0) {
    const char* message = lua_tostring(lua, -1);
    return Error(ErrorCode::kInvalidInput,
                 std::string("failed to compile nginx config template: ") +
                     (message ? message : "unknown error"));
  }
  return ReplaceSettings(std::move(out), environment);
}

}  // namespace silverback::config
