// What request-transformer and response-transformer have in common: their "name:value" rules and
// changing JSON documents by them. Pure functions; any thread.
#pragma once

#include <string>
#include <vector>

#include "util/json.h"

namespace silverback::plugins {

struct Rule {
  std::string name, value;  // "" without one
};

Rule ParseRule(const std::string& text);
// The rules of config[action][kind]; none when it is absent or null.
std::vector<Rule> RulesOf(const Json& config, std::string_view action, std::string_view kind);

// A text becomes a list of it and the value, a list grows, an object gets the member "1"; whatever
// else makes place for a list of the value.
void AppendTo(Json& field, Json value);
// Whether Lua takes the member for true: it is there and not false.
bool IsSet(const Json& object, const std::string& name);

}  // namespace silverback::plugins
