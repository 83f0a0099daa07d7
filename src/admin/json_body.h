// JSON bodies as the Admin API takes them. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include "util/json.h"
#include "util/result.h"

namespace silverback::admin {

// Always an object: a list becomes one whose members are its numbers, as Lua sees it. Texts that
// are not UTF-8 are kept as they came, for CheckTexts to name the field that they are in. Error:
// kInvalidInput, "Cannot parse JSON body".
Result<Json> ReadJsonBody(std::string_view text);

// Where the first byte is that is not UTF-8 (from 1), or 0.
size_t InvalidUtf8At(std::string_view text);

}  // namespace silverback::admin
