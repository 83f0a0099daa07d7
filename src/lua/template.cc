#include "lua/template.h"

#include "lua/convert.h"
#include "lua/function.h"
#include "lua/request_tables.h"

namespace silverback::lua {
namespace {

constexpr int kItems = 100;

// Where the parenthesis at `open` closes; npos when it does not.
size_t Closing(std::string_view text, size_t open) {
  int depth = 0;
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

void AppendQuoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ') {
      out += fmt::format("\\{:03}", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

void PushCaptures(lua_State* lua, plugin::Exchange& exchange) {
  lua_newtable(lua);
  for (const auto& [name, value] : exchange.UriCaptures()) {
    const bool number = name.find_first_not_of("0123456789") == std::string::npos;
    if (number) {
      lua_pushinteger(lua, std::atoi(name.c_str()));
    } else {
      PushText(lua, name);
    }
    PushText(lua, value);
    lua_rawset(lua, -3);
  }
}

// Pushes a value of the request, or nothing.
bool PushValue(lua_State* lua, plugin::Exchange& exchange, std::string_view name) {
  PdkContext& context = ContextOf(lua);
  if (name == "headers") {
    if (!context.scope->headers) context.scope->headers = exchange.RequestHeaders();
    PushHeaders(lua, *context.scope->headers, kItems);
  } else if (name == "query_params") {
    if (!context.scope->query) context.scope->query = exchange.RawQuery();
    PushQuery(lua, *context.scope->query, kItems);
  } else if (name == "uri_captures") {
    PushCaptures(lua, exchange);
  } else if (name == "shared") {
    PushShared(lua, exchange, context);
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> TemplateChunk(std::string_view text) {
  std::string chunk = "local __tostring = ... return ";
  size_t at = 0;
  bool expressions = false;
  for (size_t dollar = 0; (dollar = text.find("$(", dollar)) != text.npos;) {
    const size_t end = Closing(text, dollar + 1);
    if (end == text.npos) {
      dollar += 2;
      continue;
    }
    expressions = true;
    AppendQuoted(chunk, text.substr(at, dollar - at));
    chunk.append(" .. __tostring((")
        .append(text.substr(dollar + 2, end - dollar - 2))
        .append("\n) or '') .. ");
    at = dollar = end + 1;
  }
  if (!expressions) return std::nullopt;
  AppendQuoted(chunk, text.substr(at));
  return chunk;
}

int TemplateValue(lua_State* lua, plugin::Exchange& exchange) {
  if (lua_type(lua, 1) != LUA_TSTRING) return 0;
  return PushValue(lua, exchange, TextAt(lua, 1)) ? 1 : 0;
}

}  // namespace silverback::lua
