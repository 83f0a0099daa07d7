#include "lua/sandbox.h"

#include "lua/convert.h"
#include "lua/template.h"

namespace silverback::lua {
namespace {

constexpr size_t kMostTexts = 1000;

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

Error Disabled() {
  return {ErrorCode::kOperationUnsupported,
          "loading of untrusted Lua code disabled because 'untrusted_lua' config option is set to "
          "'off'"};
}

}  // namespace

// Compiled texts by what they say, as the same ones stand in many configurations.
struct Sandbox::Compiled {
  std::unordered_map<std::string, std::unique_ptr<Reference>> texts;
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

class Sandbox::Rendered final : public plugin::Template {
 public:
  Rendered(Sandbox& sandbox, std::string chunk) : sandbox_(sandbox), chunk_(std::move(chunk)) {}
  Result<std::string> Render(plugin::Exchange& exchange,
                             plugin::TemplateScope& scope) const override {
    return sandbox_.Render(chunk_, exchange, scope);
  }

 private:
  Sandbox& sandbox_;
  const std::string chunk_;
};

class PlainText final : public plugin::Template {
 public:
  explicit PlainText(std::string text) : text_(std::move(text)) {}
  Result<std::string> Render(plugin::Exchange&, plugin::TemplateScope&) const override {
    return text_;
  }

 private:
  const std::string text_;
};

Sandbox::Sandbox(Options options, PdkContext context)
    : options_(std::move(options)),
      context_(std::move(context)),
      state_(std::make_shared<State>()),
      compiled_(std::make_unique<Compiled>()) {}

Sandbox::~Sandbox() = default;

Result<std::unique_ptr<plugin::Script>> Sandbox::Load(const std::string& text) {
  if (options_.untrusted_lua == "off") return Disabled();
  return std::unique_ptr<plugin::Script>(new Text(*this, text));
}

Result<std::unique_ptr<plugin::Template>> Sandbox::LoadTemplate(const std::string& text) {
  const auto chunk = TemplateChunk(text);
  if (!chunk) return std::unique_ptr<plugin::Template>(new PlainText(text));
  if (options_.untrusted_lua == "off") return Disabled();
  return std::unique_ptr<plugin::Template>(new Rendered(*this, *chunk));
}

// Pushes a text's function, which is compiled when it is first run. Raises Lua's error.
void Sandbox::PushCompiled(const std::string& text) {
  lua_State* lua = state_->get();
  auto& texts = compiled_->texts;
  if (const auto known = texts.find(text); known != texts.end()) return known->second->Push(lua);
  // Byte code could break out of any sandbox.
  if (text.starts_with('\x1b')) luaL_error(lua, "attempt to load chunk with wrong mode");
  if (luaL_loadbuffer(lua, text.data(), text.size(), text.c_str()) != 0) lua_error(lua);
  if (texts.size() >= kMostTexts) texts.clear();
  lua_pushvalue(lua, -1);
  auto& slot = texts[text];
  slot = std::make_unique<Reference>();
  slot->Take(state_);
}

// A fresh environment for one run, on the top of the stack.
void Sandbox::PushEnvironment() {
  lua_State* lua = state_->get();
  lua_newtable(lua);
  if (options_.untrusted_lua == "on") {
    lua_newtable(lua);
    lua_pushvalue(lua, LUA_GLOBALSINDEX);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
  } else {
    AddAllowed();
  }
  PushKong(lua, context_);
  lua_setfield(lua, -2, "kong");
  PushNgx(lua, context_);
  lua_setfield(lua, -2, "ngx");
}

void Sandbox::AddAllowed() {
  lua_State* lua = state_->get();
  for (const Library& library : kSafe) {
    const bool global = *library.name == '\0';
    lua_getglobal(lua, global ? "_G" : library.name);
    if (!global) lua_newtable(lua);
    const int from = global ? -1 : -2;
    for (const char* function : library.functions) {
      lua_getfield(lua, from, function);
      lua_setfield(lua, global ? -3 : -2, function);
    }
    if (!global) lua_setfield(lua, -3, library.name);
    lua_pop(lua, 1);
  }
  AddChosen();
}

// What the configuration lets in: globals and modules.
void Sandbox::AddChosen() {
  lua_State* lua = state_->get();
  for (const std::string& name : options_.environment) AddGlobal(name);
  lua_newtable(lua);
  for (const std::string& module : options_.requires_allowed) {
    lua_pushboolean(lua, 1);
    lua_setfield(lua, -2, module.c_str());
  }
  lua_pushcclosure(lua, Require, 1);
  lua_setfield(lua, -2, "require");
}

// A global, or a member of one ("table.concat"), under the same name in the environment on the top.
void Sandbox::AddGlobal(const std::string& name) {
  lua_State* lua = state_->get();
  const int environment = lua_gettop(lua);
  int to = environment;
  int from = environment + 1;
  lua_pushvalue(lua, LUA_GLOBALSINDEX);
  for (std::string_view rest = name;;) {
    luaL_checkstack(lua, 6, "too many levels");
    const std::string_view part = rest.substr(0, rest.find('.'));
    PushText(lua, part);
    lua_rawget(lua, from);
    from = lua_gettop(lua);
    if (part.size() == rest.size()) {
      PushText(lua, part);
      lua_pushvalue(lua, from);
      lua_rawset(lua, to);
      break;
    }
    if (!lua_istable(lua, from)) break;
    rest.remove_prefix(part.size() + 1);
    to = PushTableOf(lua, to, part);
  }
  lua_settop(lua, environment);
}

Result<Json> Sandbox::Run(const std::string& text, plugin::Exchange& exchange) {
  struct Call {
    Sandbox& sandbox;
    const std::string& text;
    std::optional<Json> result;
  } call{*this, text, {}};
  context_.exchange = &exchange;
  const Status done = state_->Run(
      [](lua_State* lua) {
        auto& its = *static_cast<Call*>(lua_touserdata(lua, 1));
        its.sandbox.PushCompiled(its.text);
        its.sandbox.PushEnvironment();
        lua_setfenv(lua, -2);
        lua_call(lua, 0, 1);
        its.result = ToJson(lua, -1);
        return 0;
      },
      &call);
  context_.exchange = nullptr;
  if (!done) return done.error();
  if (!call.result)
    return Error(ErrorCode::kInvalidInput,
                 "value must be nil, a number, string, boolean or a non self-referencial table "
                 "containing numbers, string and booleans");
  return *std::move(call.result);
}

// What expressions of templates may use: types of values, what the configuration lets in, and the
// request. With untrusted_lua = on all of Lua's globals stand behind that.
void Sandbox::PushTemplateEnvironment() {
  lua_State* lua = state_->get();
  lua_newtable(lua);
  if (options_.untrusted_lua != "on") AddChosen();
  lua_getglobal(lua, "type");
  lua_setfield(lua, -2, "type");
  PushTemplateValues(lua, context_, options_.untrusted_lua == "on");
  lua_setmetatable(lua, -2);
}

Result<std::string> Sandbox::Render(const std::string& chunk, plugin::Exchange& exchange,
                                    plugin::TemplateScope& scope) {
  struct Call {
    Sandbox& sandbox;
    const std::string& chunk;
    std::string result;
  } call{*this, chunk, {}};
  context_.exchange = &exchange;
  context_.scope = &scope;
  const Status done = state_->Run(
      [](lua_State* lua) {
        auto& its = *static_cast<Call*>(lua_touserdata(lua, 1));
        its.sandbox.PushCompiled(its.chunk);
        its.sandbox.PushTemplateEnvironment();
        lua_setfenv(lua, -2);
        lua_getglobal(lua, "tostring");
        lua_call(lua, 1, 1);
        size_t size = 0;
        const char* text = lua_tolstring(lua, -1, &size);
        its.result.assign(text, size);
        return 0;
      },
      &call);
  context_.exchange = nullptr;
  context_.scope = nullptr;
  if (!done) return done.error();
  return std::move(call.result);
}

}  // namespace silverback::lua
