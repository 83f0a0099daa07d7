#include "plugins/log/custom_fields.h"

namespace silverback::plugins {

Result<CustomFields> CustomFields::Create(const Json& config, plugin::PluginEnv& env) {
  CustomFields made;
  const Json* fields = FindMember(config, "custom_fields_by_lua");
  if (fields == nullptr || !fields->is_object()) return made;
  for (const auto& [path, text] : fields->items()) {
    if (!text.is_string()) continue;
    auto script = env.scripts->Load(text.get<std::string>());
    if (!script) return script.error();
    made.fields_.emplace_back(path, *std::move(script));
  }
  return made;
}

Status CustomFields::Apply(plugin::Exchange& exchange) const {
  for (const auto& [path, script] : fields_) {
    auto value = script->Run(exchange);
    if (!value)
      return Error(value.error().code(), "custom field '" + path + "': " + value.error().message());
    exchange.EditLog({.path = path, .value = *std::move(value)});
  }
  return Ok();
}

}  // namespace silverback::plugins
