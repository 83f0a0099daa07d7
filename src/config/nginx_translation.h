// Custom nginx templates were written for Kong, whose Lua code hangs into nginx' phases. This turns
// the calls of that code into our directives. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace silverback::config {

struct Translation {
  std::string text;
  bool has_stream = false;  // a stream block
  bool has_lua = false;     // Lua code of the template's own is left: nginx needs its Lua module
  std::vector<std::string> notes;  // what was left out that may be missed, with line numbers
};

struct TranslationOptions {
  std::string env_file, shared_memory;  // arguments of the directives that start our modules
};

// `text`: a rendered nginx.conf. Kong.init() and its likes become silverback_* directives; a
// location or stream server that passes to kong_upstream becomes one that we serve; directives of
// the Lua module go when no Lua code stays. Error: kInvalidInput, a call that has no counterpart.
Result<Translation> TranslateTemplate(std::string_view text, const TranslationOptions& options);

}  // namespace silverback::config
