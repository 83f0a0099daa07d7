#include "lua/sandbox.h"

#include <cstdlib>

#include "lua/convert.h"
#include "util/string_util.h"

namespace silverback::lua {
namespace {

constexpr size_t kMostMemory = size_t{64} << 20;
constexpr size_t kMostTexts = 1000;
constexpr int kMostInstructions = 10'000'000;

// What a text may use of Lua's own library: nothing that reaches files, processes or other states.
struct Library {
  const char* name;
  std::initializer_list<const char*> functions;
};
const Library kSafe[] = {
    {"",
     {"assert", "error", "ipairs", "next", "pairs", "pcall", "select", "tonumber", "tostring",
      "type", "unpack", "xpcall", "_VERSION"}},
    {"coroutine", {"create", "resume", "running", "status", "wrap", "yield"}},
    {"math", {"abs",   "acos", "asin",  "atan",   "atan2", "ceil", "cos",   "cosh", "deg", "exp",
              "floor", "fmod", "frexp", "huge",   "ldexp", "log",  "log10", "max",  "min", "modf",
              "pi",    "pow",  "rad",   "random", "sin",   "sinh", "sqrt",  "tan",  "tanh"}},
    {"os", {"clock", "difftime", "time"}},
    {"string",
     {"byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "reverse", "sub",
      "upper"}},
    {"table", {"concat", "insert", "maxn", "remove", "sort"}},
};

std::string Message(lua_State* lua) {
  size_t size = 0;
  const char* text = lua_tolstring(lua, -1, &size);
  return text != nullptr ? std::string(text, size)
                         : "(error object is a " + std::string(luaL_typename(lua, -1)) + " value)";
}

// From then on every instruction raises it, so that no pcall of the text keeps it going.
void StopTheEndless(lua_State* lua, lua_Debug*) {
  lua_sethook(lua, StopTheEndless, LUA_MASKCOUNT, 1);
  luaL_error(lua, "the function runs too long");
}

int Require(lua_State* lua) {
  const char* name = luaL_checkstring(lua, 1);
  lua_getfield(lua, lua_upvalueindex(1), name);
  if (!lua_toboolean(lua, -1))
    return luaL_error(lua, "require '%s' not allowed within sandbox", name);
  lua_getglobal(lua, "require");
  lua_pushvalue(lua, 1);
  lua_call(lua, 1, 1);
  return 1;
}

// The index of the table that `table` has under a name, which is made where there is none.
int PushTableOf(lua_State* lua, int table, std::string_view name) {
  PushText(lua, name);
  lua_rawget(lua, table);
  if (lua_istable(lua, -1)) return lua_gettop(lua);
  lua_pop(lua, 1);
  lua_newtable(lua);
  PushText(lua, name);
  lua_pushvalue(lua, -2);
  lua_rawset(lua, table);
  return lua_gettop(lua);
}

}  // namespace

struct Sandbox::Memory {
  size_t used = 0;

  static void* Allocate(void* self, void* block, size_t old_size, size_t new_size) {
    auto& memory = *static_cast<Memory*>(self);
    if (new_size == 0) {
      std::free(block);
      memory.used -= old_size;
      return nullptr;
    }
    if (new_size > old_size && memory.used - old_size + new_size > kMostMemory) return nullptr;
    void* moved = std::realloc(block, new_size);
    if (moved != nullptr) memory.used += new_size - old_size;
    return moved;
  }
};

class Sandbox::Text final : public plugin::Script {
 public:
  Text(Sandbox& sandbox, std::string text) : sandbox_(sandbox), text_(std::move(text)) {}
  Result<Json> Run(plugin::Exchange& exchange) const override {
    return sandbox_.Run(text_, exchange);
  }

 private:
  Sandbox& sandbox_;
  const std::string text_;
};

Sandbox::Sandbox(Options options, PdkContext context)
    : options_(std::move(options)),
      context_(std::move(context)),
      memory_(std::make_unique<Memory>()),
      lua_(lua_newstate(&Memory::Allocate, memory_.get())) {
  if (lua_ == nullptr) return;
  luaL_openlibs(lua_);
  // Compiled traces would not count their instructions.
  luaJIT_setmode(lua_, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
}

Sandbox::~Sandbox() {
  if (lua_ != nullptr) lua_close(lua_);
}

Result<std::unique_ptr<plugin::Script>> Sandbox::Load(const std::string& text) {
  if (options_.untrusted_lua == "off")
    return Error(ErrorCode::kOperationUnsupported,
                 "loading of untrusted Lua code disabled because 'untrusted_lua' config option is "
                 "set to 'off'");
  return std::unique_ptr<plugin::Script>(new Text(*this, text));
}

// The reference of a text's function, compiled when it is first run.
Result<int> Sandbox::Compiled(const std::string& text) {
  if (lua_ == nullptr) return Error(ErrorCode::kOperationUnsupported, "no memory for Lua");
  if (const auto known = compiled_.find(text); known != compiled_.end()) return known->second;
  // Byte code could break out of any sandbox.
  if (text.starts_with('\x1b'))
    return Error(ErrorCode::kInvalidInput, "attempt to load chunk with wrong mode");
  if (luaL_loadbuffer(lua_, text.data(), text.size(), text.c_str()) != 0) {
    const Error error(ErrorCode::kInvalidInput, Message(lua_));
    lua_settop(lua_, 0);
    return error;
  }
  if (compiled_.size() >= kMostTexts) {
    for (const auto& [old, function] : compiled_) luaL_unref(lua_, LUA_REGISTRYINDEX, function);
    compiled_.clear();
  }
  return compiled_[text] = luaL_ref(lua_, LUA_REGISTRYINDEX);
}

// A fresh environment for one run, on the top of the stack.
void Sandbox::PushEnvironment() {
  lua_newtable(lua_);
  if (options_.untrusted_lua == "on") {
    lua_newtable(lua_);
    lua_pushvalue(lua_, LUA_GLOBALSINDEX);
    lua_setfield(lua_, -2, "__index");
    lua_setmetatable(lua_, -2);
  } else {
    AddAllowed();
  }
  PushKong(lua_, context_);
  lua_setfield(lua_, -2, "kong");
  PushNgx(lua_, context_);
  lua_setfield(lua_, -2, "ngx");
}

void Sandbox::AddAllowed() {
  for (const Library& library : kSafe) {
    const bool global = *library.name == '\0';
    lua_getglobal(lua_, global ? "_G" : library.name);
    if (!global) lua_newtable(lua_);
    const int from = global ? -1 : -2;
    for (const char* function : library.functions) {
      lua_getfield(lua_, from, function);
      lua_setfield(lua_, global ? -3 : -2, function);
    }
    if (!global) lua_setfield(lua_, -3, library.name);
    lua_pop(lua_, 1);
  }
  for (const std::string& name : options_.environment) AddGlobal(name);
  lua_newtable(lua_);
  for (const std::string& module : options_.requires_allowed) {
    lua_pushboolean(lua_, 1);
    lua_setfield(lua_, -2, module.c_str());
  }
  lua_pushcclosure(lua_, Require, 1);
  lua_setfield(lua_, -2, "require");
}

// A global, or a member of one ("table.concat"), under the same name in the environment on the top.
void Sandbox::AddGlobal(const std::string& name) {
  const int environment = lua_gettop(lua_);
  int to = environment;
  int from = environment + 1;
  lua_pushvalue(lua_, LUA_GLOBALSINDEX);
  for (std::string_view rest = name;;) {
    luaL_checkstack(lua_, 6, "too many levels");
    const std::string_view part = rest.substr(0, rest.find('.'));
    PushText(lua_, part);
    lua_rawget(lua_, from);
    from = lua_gettop(lua_);
    if (part.size() == rest.size()) {
      PushText(lua_, part);
      lua_pushvalue(lua_, from);
      lua_rawset(lua_, to);
      break;
    }
    if (!lua_istable(lua_, from)) break;
    rest.remove_prefix(part.size() + 1);
    to = PushTableOf(lua_, to, part);
  }
  lua_settop(lua_, environment);
}

Result<Json> Sandbox::Run(const std::string& text, plugin::Exchange& exchange) {
  const auto function = Compiled(text);
  if (!function) return function.error();
  struct Call {
    Sandbox& sandbox;
    int function;
  } call{*this, *function};
  context_.exchange = &exchange;
  lua_sethook(lua_, StopTheEndless, LUA_MASKCOUNT, kMostInstructions);
  // Within a protected call, so that want of memory is an error of the script as any other.
  const int failed = lua_cpcall(
      lua_,
      [](lua_State* lua) {
        auto& its = *static_cast<Call*>(lua_touserdata(lua, 1));
        lua_settop(lua, 0);
        lua_rawgeti(lua, LUA_REGISTRYINDEX, its.function);
        its.sandbox.PushEnvironment();
        lua_setfenv(lua, 1);
        lua_call(lua, 0, 1);
        lua_setfield(lua, LUA_REGISTRYINDEX, "silverback.result");
        return 0;
      },
      &call);
  lua_sethook(lua_, nullptr, 0, 0);
  context_.exchange = nullptr;
  if (failed != 0) {
    const Error error(ErrorCode::kInvalidInput, Message(lua_));
    lua_settop(lua_, 0);
    return error;
  }
  lua_getfield(lua_, LUA_REGISTRYINDEX, "silverback.result");
  auto value = ToJson(lua_, -1);
  lua_settop(lua_, 0);
  if (!value)
    return Error(ErrorCode::kInvalidInput,
                 "value must be nil, a number, string, boolean or a non self-referencial table "
                 "containing numbers, string and booleans");
  return *std::move(value);
}

}  // namespace silverback::lua
