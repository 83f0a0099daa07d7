#include "plugins/transform/rules.h"

#include "plugin/config.h"

namespace silverback::plugins {

Rule ParseRule(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return {text, ""};
  const size_t value = text.find_first_not_of(':', colon);
  return {text.substr(0, colon), value == std::string::npos ? "" : text.substr(value)};
}

std::vector<Rule> RulesOf(const Json& config, std::string_view action, std::string_view kind) {
  std::vector<Rule> rules;
  const Json* of_action = FindMember(config, action);
  if (!of_action) return rules;
  for (const std::string& text : plugin::StringList(*of_action, kind))
    rules.push_back(ParseRule(text));
  return rules;
}

void AppendTo(Json& field, Json value) {
  if (field.is_array()) {
    field.push_back(std::move(value));
  } else if (field.is_object()) {
    field["1"] = std::move(value);
  } else if (field.is_string()) {
    field = Json::array({std::move(field), std::move(value)});
  } else {
    field = Json::array({std::move(value)});
  }
}

bool IsSet(const Json& object, const std::string& name) {
  const Json* member = FindMember(object, name);
  // A null of JSON is a value in Lua.
  return member && !(member->is_boolean() && !member->get<bool>());
}

}  // namespace silverback::plugins
