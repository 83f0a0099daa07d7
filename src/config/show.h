// Settings as people see them. Pure functions; any thread.
#pragma once

#include <string>

#include "util/json.h"

namespace silverback::config {

// As a Lua literal: "text", 1, true, {"a","b"}, {name="value"}.
std::string AsLua(const Json& value);

// As .kong_env writes it: text, number, true, list with commas; "" for what is not a setting.
std::string AsSetting(const Json& value);

}  // namespace silverback::config
