// The functions of core that read and make documents, dates and bodies, and match expressions.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <unordered_map>

#include "http/date.h"
#include "http/multipart.h"
#include "lua/convert.h"
#include "lua/function.h"
#include "util/string_util.h"

namespace silverback::lua {
namespace {

// Calls what may throw; its exceptions become Lua's errors when no C++ object lives any more.
template <auto kFunction>
int Plain(lua_State* lua) {
  try {
    return kFunction(lua);
  } catch (const std::exception& e) {
    lua_pushstring(lua, e.what());
  }
  return lua_error(lua);
}

int Failed(lua_State* lua, const char* why) {
  lua_pushnil(lua);
  lua_pushstring(lua, why);
  return 2;
}

int JsonDecode(lua_State* lua) {
  const auto document = ParseJson(TextAt(lua, 1));
  if (!document) return Failed(lua, document.error().message().c_str());
  PushDocument(lua, *document);
  return 1;
}

int JsonEncode(lua_State* lua) {
  const auto value = ToJson(lua, 1);
  if (!value) return Failed(lua, "Cannot serialise function: type not supported");
  PushText(lua, DumpJson(*value));
  return 1;
}

int ParseForm(lua_State* lua) {
  PushQuery(lua, TextAt(lua, 1), static_cast<int>(luaL_checknumber(lua, 2)));
  return 1;
}

int ParseMultipart(lua_State* lua) {
  lua_newtable(lua);
  for (const http::Part& part :
       http::ParseMultipart(TextAt(lua, 1), http::MultipartBoundary(TextAt(lua, 2)))) {
    if (part.name.empty()) continue;
    PushText(lua, part.name);
    PushText(lua, part.data);
    lua_rawset(lua, -3);
  }
  return 1;
}

int RandomText(lua_State* lua) {
  PushText(lua, ToHex(RandomBytes(16)));
  return 1;
}

int HttpTime(lua_State* lua) {
  PushText(lua, http::FormatDate(static_cast<int64_t>(luaL_checknumber(lua, 1))));
  return 1;
}

int ParseHttpTime(lua_State* lua) {
  const auto time = http::ParseDate(TextAt(lua, 1));
  if (!time) return 0;
  lua_pushnumber(lua, static_cast<lua_Number>(*time));
  return 1;
}

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
using Code = std::unique_ptr<pcre2_code, FreeCode>;

uint32_t OptionsOf(std::string_view letters) {
  uint32_t options = 0;
  for (const char letter : letters) {
    options |= letter == 'i'   ? PCRE2_CASELESS
               : letter == 'm' ? PCRE2_MULTILINE
               : letter == 's' ? PCRE2_DOTALL
               : letter == 'x' ? PCRE2_EXTENDED
               : letter == 'u' ? PCRE2_UTF
               : letter == 'a' ? PCRE2_ANCHORED
               : letter == 'J' ? PCRE2_DUPNAMES
                               : 0u;
  }
  return options;
}

// Compiled expressions of the worker's texts, which are few.
const pcre2_code* Compiled(std::string_view pattern, std::string_view letters) {
  constexpr size_t kMost = 500;
  static std::unordered_map<std::string, Code> known;
  const std::string key = std::string(letters) + '\0' + std::string(pattern);
  if (const auto found = known.find(key); found != known.end()) return found->second.get();
  if (known.size() >= kMost) known.clear();
  int error = 0;
  PCRE2_SIZE offset = 0;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                          OptionsOf(letters), &error, &offset, nullptr));
  if (code) pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  return (known[key] = std::move(code)).get();
}

void PushNamed(lua_State* lua, const pcre2_code* code) {
  uint32_t count = 0, size = 0;
  PCRE2_SPTR table = nullptr;
  pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &count);
  pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &size);
  pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &table);
  for (uint32_t i = 0; i < count; ++i, table += size) {
    lua_rawgeti(lua, -1, table[0] << 8 | table[1]);
    lua_setfield(lua, -2, reinterpret_cast<const char*>(table + 2));
  }
}

// The table with what was caught ([0] all, [1]... groups, names), `from`, `to`, `starts`, `ends`.
void PushCaught(lua_State* lua, std::string_view subject, const pcre2_code* code, int count,
                const PCRE2_SIZE* ends) {
  uint32_t groups = 0;
  pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
  lua_newtable(lua);
  lua_newtable(lua);
  lua_newtable(lua);
  for (int i = 0; i <= static_cast<int>(groups); ++i) {
    if (i >= count || ends[2 * i] == PCRE2_UNSET) {
      lua_pushboolean(lua, 0);
      lua_rawseti(lua, -4, i);
      continue;
    }
    PushText(lua, subject.substr(ends[2 * i], ends[2 * i + 1] - ends[2 * i]));
    lua_rawseti(lua, -4, i);
    lua_pushnumber(lua, static_cast<lua_Number>(ends[2 * i]) + 1);
    lua_rawseti(lua, -3, i);
    lua_pushnumber(lua, static_cast<lua_Number>(ends[2 * i + 1]));
    lua_rawseti(lua, -2, i);
  }
  lua_setfield(lua, -3, "ends");
  lua_setfield(lua, -2, "starts");
  PushNamed(lua, code);
  lua_pushnumber(lua, static_cast<lua_Number>(ends[0]) + 1);
  lua_setfield(lua, -2, "from");
  lua_pushnumber(lua, static_cast<lua_Number>(ends[1]));
  lua_setfield(lua, -2, "to");
}

// (subject, pattern, option letters, where to begin): what was caught, or nil, or nil and why.
int Regex(lua_State* lua) {
  constexpr uint32_t kMostSteps = 1'000'000;
  const std::string_view subject = TextAt(lua, 1);
  const auto start = static_cast<size_t>(std::max(luaL_checknumber(lua, 4) - 1, 0.0));
  if (start > subject.size()) return 0;
  const pcre2_code* code = Compiled(TextAt(lua, 2), TextAt(lua, 3));
  if (code == nullptr) return Failed(lua, "pcre_compile() failed");
  const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> data(
      pcre2_match_data_create_from_pattern(code, nullptr), pcre2_match_data_free);
  const std::unique_ptr<pcre2_match_context, void (*)(pcre2_match_context*)> limits(
      pcre2_match_context_create(nullptr), pcre2_match_context_free);
  if (!data || !limits) return Failed(lua, "no memory");
  pcre2_set_match_limit(limits.get(), kMostSteps);
  const int count = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(),
                                start, 0, data.get(), limits.get());
  if (count == PCRE2_ERROR_NOMATCH) return 0;
  if (count < 0) return Failed(lua, "pcre_exec() failed");
  PushCaught(lua, subject, code, count, pcre2_get_ovector_pointer(data.get()));
  return 1;
}

}  // namespace

void AddData(lua_State* lua, PdkContext& context) {
  Register(lua, context,
           {{"json_decode", Plain<JsonDecode>},
            {"json_encode", Plain<JsonEncode>},
            {"parse_form", Plain<ParseForm>},
            {"parse_multipart", Plain<ParseMultipart>},
            {"random_text", Plain<RandomText>},
            {"http_time", Plain<HttpTime>},
            {"parse_http_time", Plain<ParseHttpTime>},
            {"regex", Plain<Regex>}});
  PushListMark(lua);
  lua_setfield(lua, -2, "array_mt");
  lua_newtable(lua);
  PushListMark(lua);
  lua_setmetatable(lua, -2);
  lua_setfield(lua, -2, "empty_array");
}

}  // namespace silverback::lua
