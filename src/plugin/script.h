// Script: Lua text of a plugin's configuration, such as http-log's custom_fields_by_lua, as the
// plugin runs it, on the event loop only.
#pragma once

#include <memory>
#include <string>

#include "plugin/exchange.h"
#include "util/result.h"

namespace silverback::plugin {

class Script {
 public:
  virtual ~Script() = default;
  // What the text returns; null for nil. An error has Lua's message.
  virtual Result<Json> Run(Exchange& exchange) const = 0;
};

// Owned by the worker; outlives the scripts.
class Scripts {
 public:
  virtual ~Scripts() = default;
  // Fails when untrusted_lua is off. Any thread, as plugin objects are made on any.
  virtual Result<std::unique_ptr<Script>> Load(const std::string& text) = 0;
};

}  // namespace silverback::plugin
