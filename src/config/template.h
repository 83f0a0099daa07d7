// The template language of nginx configurations (Kong's: lines that start with ">" are Lua,
// $(EXPRESSION) is replaced by its value, ${{NAME}} by a setting), evaluated by LuaJIT without
// access to files, processes or the network; os.getenv reads the environment.
// Blocking; for the command line.
#pragma once

#include <string>
#include <string_view>

#include "util/json.h"
#include "util/result.h"

namespace silverback::config {

// `environment`: an object; its members are the template's variables. Error: kInvalidInput with
// what Lua says.
Result<std::string> RenderTemplate(std::string_view text, const Json& environment);

}  // namespace silverback::config
