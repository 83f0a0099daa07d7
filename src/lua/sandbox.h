// Sandbox: runs the Lua texts of plugin configurations against a request. A text sees Lua's safe
// functions, `kong` and `ngx` (pdk.h), `require` of the modules that untrusted_lua_sandbox_requires
// names, and nothing that another text or request has left behind. It may neither run for ever nor
// take all memory. With untrusted_lua = on it sees all of Lua's library.
//
// One per worker; texts run on its event loop only. Kong's page: kong.conf, "untrusted_lua".
#pragma once

#include <memory>
#include <string>
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

 private:
  class Text;
  class Rendered;
  struct Compiled;

  Result<Json> Run(const std::string& text, plugin::Exchange& exchange);
  Result<std::string> Render(const std::string& chunk, plugin::Exchange& exchange,
                             plugin::TemplateScope& scope);
  void PushCompiled(const std::string& text);
  void PushEnvironment();
  void PushTemplateEnvironment();
  void AddAllowed();
  void AddChosen();
  void AddGlobal(const std::string& name);

  const Options options_;
  PdkContext context_;
  const std::shared_ptr<State> state_;
  const std::unique_ptr<Compiled> compiled_;
};

}  // namespace silverback::lua
