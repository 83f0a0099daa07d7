// CustomFields: the setting `custom_fields_by_lua` of the log plugins: members of the entry by the
// Lua that gives their value.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plugin/env.h"
#include "plugin/exchange.h"

namespace silverback::plugins {

class CustomFields {
 public:
  static Result<CustomFields> Create(const Json& config, plugin::PluginEnv& env);

  // Runs the scripts and edits the request's entry; the first error ends it, and the entry must
  // then not be sent: it could show what the configuration hides.
  Status Apply(plugin::Exchange& exchange) const;

 private:
  std::vector<std::pair<std::string, std::unique_ptr<plugin::Script>>> fields_;
};

}  // namespace silverback::plugins
