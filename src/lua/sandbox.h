// Sandbox: runs the Lua texts of plugin configurations against a request. A text sees Lua's safe
// functions, `kong` and `ngx` (pdk.h), `require` of the modules that untrusted_lua_sandbox_requires
// names, and nothing that another text or request has left behind. It may neither run for ever nor
// take all memory. With untrusted_lua = on it sees all of Lua's library.
//
// One per worker; texts run on its event loop only. Kong's page: kong.conf, "untrusted_lua".
#pragma once

#include <lua.hpp>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "lua/pdk.h"
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

 private:
  class Text;
  struct Memory;
  friend class Text;

  Result<Json> Run(const std::string& text, plugin::Exchange& exchange);
  Result<int> Compiled(const std::string& text);
  void PushEnvironment();
  void AddAllowed();
  void AddGlobal(const std::string& name);

  const Options options_;
  PdkContext context_;
  std::unique_ptr<Memory> memory_;
  std::unordered_map<std::string, int> compiled_;
  lua_State* lua_ = nullptr;  // null when memory was too short for one
};

}  // namespace silverback::lua
