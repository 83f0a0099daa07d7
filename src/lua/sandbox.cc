#include "lua/sandbox.h"

#include "lua/convert.h"
#include "lua/request_tables.h"
#include "lua/template.h"
#include "util/embedded.h"

namespace silverback::embedded {
std::span<const util::EmbeddedFile> pdk_files();
}

namespace silverback::lua {
namespace {

constexpr size_t kMostTexts = 1000;

Error Disabled() {
  return {ErrorCode::kOperationUnsupported,
          "loading of untrusted Lua code disabled because 'untrusted_lua' config option is set to "
          "'off'"};
}

class PlainText final : public plugin::Template {
 public:
  explicit PlainText(std::string text) : text_(std::move(text)) {}
  Result<std::string> Render(plugin::Exchange&, plugin::TemplateScope&) const override {
    return text_;
  }

 private:
  const std::string text_;
};

}  // namespace

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

class Sandbox::PhaseFunctions final : public plugin::Functions {
 public:
  PhaseFunctions(Sandbox& sandbox, std::vector<std::string> texts, const char* its_phase)
      : phase(its_phase), sandbox_(sandbox) {
    for (std::string& text : texts) items.emplace_back().text = std::move(text);
  }
  Result<bool> Run(const plugin::ScriptCall& call) const override {
    return sandbox_.Call(*this, call);
  }

  // A text whose first run gives a function is that function from then on, with what it remembers.
  struct Item {
    std::string text;
    Reference function;
    bool done = false;  // was run to its end once
  };
  const char* const phase;
  mutable std::deque<Item> items;  // event loop only

 private:
  Sandbox& sandbox_;
};

Sandbox::Sandbox(Options options, PdkContext context)
    : options_(std::move(options)),
      context_(std::move(context)),
      state_(std::make_shared<State>()) {
  Prepare();
}

Sandbox::~Sandbox() = default;

void Sandbox::Prepare() {
  const Status done = state_->Run(SetUp, this);
  if (!done) context_.log->Log(plugin::LogLevel::kError, "Lua: " + done.error().message());
}

// Makes the tables that texts see.
int Sandbox::SetUp(lua_State* lua) {
  auto& self = *static_cast<Sandbox*>(lua_touserdata(lua, 1));
  PushKong(lua, self.context_);
  PushNgx(lua, self.context_);
  PushCore(lua, self.context_);
  self.PushOptions();
  lua_setfield(lua, -2, "options");
  const int first = lua_gettop(lua) - 2;
  for (const util::EmbeddedFile& file : embedded::pdk_files()) {
    const std::string name = "=" + std::string(file.path);
    if (luaL_loadbuffer(lua, file.text.data(), file.text.size(), name.c_str()) != 0) lua_error(lua);
    for (int i = 0; i < 3; ++i) lua_pushvalue(lua, first + i);
    lua_call(lua, 3, 0);
  }
  self.core_.Take(self.state_);
  return 0;
}

void Sandbox::PushOptions() {
  lua_State* lua = state_->get();
  lua_newtable(lua);
  lua_pushboolean(lua, options_.untrusted_lua == "on" ? 1 : 0);
  lua_setfield(lua, -2, "unrestricted");
  lua_newtable(lua);
  for (const std::string& module : options_.requires_allowed) {
    lua_pushboolean(lua, 1);
    lua_setfield(lua, -2, module.c_str());
  }
  lua_setfield(lua, -2, "requires");
  PushJson(lua, options_.environment);
  lua_setfield(lua, -2, "environment");
}

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

Result<std::unique_ptr<plugin::Functions>> Sandbox::LoadFunctions(std::vector<std::string> texts,
                                                                  const char* phase) {
  if (options_.untrusted_lua == "off") return Disabled();
  return std::unique_ptr<plugin::Functions>(new PhaseFunctions(*this, std::move(texts), phase));
}

// Pushes a text's function, which is compiled when it is first run. Raises Lua's error.
void Sandbox::PushCompiled(const std::string& text) {
  lua_State* lua = state_->get();
  if (const auto known = compiled_.find(text); known != compiled_.end())
    return known->second->Push(lua);
  // Byte code could break out of any sandbox.
  if (text.starts_with('\x1b')) luaL_error(lua, "attempt to load chunk with wrong mode");
  if (luaL_loadbuffer(lua, text.data(), text.size(), text.c_str()) != 0) lua_error(lua);
  if (compiled_.size() >= kMostTexts) compiled_.clear();
  lua_pushvalue(lua, -1);
  auto& slot = compiled_[text];
  slot = std::make_unique<Reference>();
  slot->Take(state_);
}

// Gives the function on the top a fresh environment.
void Sandbox::PushEnvironment(const char* maker) {
  lua_State* lua = state_->get();
  if (!core_) luaL_error(lua, "Lua could not be set up");
  core_.Push(lua);
  lua_getfield(lua, -1, maker);
  lua_remove(lua, -2);
  lua_call(lua, 0, 1);
  lua_setfenv(lua, -2);
}

Result<Json> Sandbox::Run(const std::string& text, plugin::Exchange& exchange) {
  struct Call {
    Sandbox& sandbox;
    const std::string& text;
    std::optional<Json> result;
  } call{*this, text, {}};
  context_.exchange = &exchange;
  context_.phase = "log";
  const Status done = state_->Run(
      [](lua_State* lua) {
        auto& its = *static_cast<Call*>(lua_touserdata(lua, 1));
        its.sandbox.PushCompiled(its.text);
        its.sandbox.PushEnvironment("environment");
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
        its.sandbox.PushEnvironment("template_environment");
        lua_getglobal(lua, "tostring");
        lua_call(lua, 1, 1);
        its.result = TextAt(lua, -1);
        return 0;
      },
      &call);
  context_.exchange = nullptr;
  context_.scope = nullptr;
  if (!done) return done.error();
  return std::move(call.result);
}

// True: one of them has ended the request.
Result<bool> Sandbox::Call(const PhaseFunctions& functions, const plugin::ScriptCall& call) {
  struct Running {
    Sandbox& sandbox;
    const PhaseFunctions& functions;
  } running{*this, functions};
  context_.exchange = call.exchange;
  context_.handshake = call.handshake;
  context_.chunk = call.chunk;
  context_.body = call.body;
  context_.plugin = call.plugin;
  context_.phase = functions.phase;
  context_.said.clear();
  context_.said_status = 0;
  context_.answer.reset();
  const Status done = state_->Run(
      [](lua_State* lua) {
        auto& its = *static_cast<Running*>(lua_touserdata(lua, 1));
        for (PhaseFunctions::Item& item : its.functions.items) {
          if (item.function) {
            item.function.Push(lua);
            lua_call(lua, 0, 0);
            continue;
          }
          its.sandbox.PushCompiled(item.text);
          its.sandbox.PushEnvironment("environment");
          lua_call(lua, 0, 1);
          if (!item.done && lua_isfunction(lua, -1)) {
            lua_pushvalue(lua, -1);
            item.function.Take(its.sandbox.state_);
            lua_call(lua, 0, 0);
          }
          item.done = true;
          lua_settop(lua, 1);
        }
        return 0;
      },
      &running);
  context_.handshake = nullptr;
  context_.chunk = nullptr;
  context_.body = nullptr;
  context_.plugin = nullptr;
  context_.exchange = nullptr;
  if (call.exchange != nullptr && call.chunk == nullptr) PublishSharedOf(*call.exchange);
  if (!done) return done.error();
  return call.exchange != nullptr && TakeAnswer(*call.exchange);
}

void Sandbox::PublishSharedOf(plugin::Exchange& exchange) {
  const Status done = state_->Run(
      [](lua_State* lua) {
        PublishShared(lua, *static_cast<plugin::Exchange*>(lua_touserdata(lua, 1)));
        return 0;
      },
      &exchange);
  if (!done) context_.log->Log(plugin::LogLevel::kError, "Lua: " + done.error().message());
}

bool Sandbox::TakeAnswer(plugin::Exchange& exchange) {
  if (!context_.answer && !context_.said.empty()) {
    context_.answer.emplace();
    context_.answer->raw_body = true;
    if (context_.said_status != 0) context_.answer->status = context_.said_status;
    context_.answer->body = std::exchange(context_.said, {});
  }
  if (!context_.answer) return false;
  exchange.Respond(*std::exchange(context_.answer, std::nullopt));
  return true;
}

}  // namespace silverback::lua
