// Sandbox: runs the Lua texts of plugin configurations. A text sees Lua's safe functions, `kong`
// and `ngx` (pdk.h), `require` of the modules that untrusted_lua_sandbox_requires names, and
// nothing that another text has left behind. It may neither wait, nor run for ever, nor take all
// memory. With untrusted_lua = on it sees all of Lua's library.
//
// One per worker; texts run on its event loop only. Kong's page: kong.conf, "untrusted_lua".
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "lua/pdk.h"
#include "lua/state.h"
#include "plugin/script.h"

namespace silverback::lua {

class Sandbox final : public plugin::Scripts {
 public:
  struct Options {
    std::string untrusted_lua = "sandbox";  // "off", "sandbox" or "on"
    std::vector<std::string> requires_allowed, environment;
  };

  Sandbox(Options options, PdkContext context);
  ~Sandbox() override;
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // Any thread: configurations are made beside the event loop.
  Result<std::unique_ptr<plugin::Script>> Load(const std::string& text) override;
  Result<std::unique_ptr<plugin::Template>> LoadTemplate(const std::string& text) override;
  Result<std::unique_ptr<plugin::Functions>> LoadFunctions(std::vector<std::string> texts,
                                                           const char* phase) override;

 private:
  class Text;
  class Rendered;
  class PhaseFunctions;

  void Prepare();
  static int SetUp(lua_State* lua);
  void PushOptions();
  Result<Json> Run(const std::string& text, plugin::Exchange& exchange);
  Result<std::string> Render(const std::string& chunk, plugin::Exchange& exchange,
                             plugin::TemplateScope& scope);
  Result<bool> Call(const PhaseFunctions& functions, const plugin::ScriptCall& call);
  void PushCompiled(const std::string& text);
  void PushEnvironment(const char* maker);
  void PublishSharedOf(plugin::Exchange& exchange);
  bool TakeAnswer(plugin::Exchange& exchange);

  const Options options_;
  PdkContext context_;
  const std::shared_ptr<State> state_;
  Reference core_;
  std::unordered_map<std::string, std::unique_ptr<Reference>> compiled_;
};

}  // namespace silverback::lua
