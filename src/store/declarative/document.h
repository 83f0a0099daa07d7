// Declarative documents as text: JSON, YAML 1.1 with the scalars that Kong's reader knows, or (from
// files) Lua. Pure functions but for reading the file; any thread.
//
// Errors: kDeclarativeConfig with fields {"error": message}, where the message is the one that
// users of Kong know ("failed parsing declarative configuration: ...").
#pragma once

#include <string>
#include <string_view>

#include "util/json.h"
#include "util/result.h"

namespace silverback::store::declarative {

struct Document {
  Json content;      // an object or a list
  std::string hash;  // MD5 of the text
};

// JSON, or else YAML. Of several YAML documents the first one counts.
Result<Document> ParseText(std::string_view text);

// The text of a file; its name says what it is: "json", "yml"/"yaml" or "lua". Lua runs without
// access to anything.
Result<Document> ParseNamedText(std::string_view text, std::string_view filename);

// Reads and parses. A file that cannot be read: kIo with "PATH: reason".
Result<Document> ParseFile(const std::string& path);

}  // namespace silverback::store::declarative
