// The document type that entities, plugin configurations and API bodies are made of.
// Objects keep their keys sorted. Numbers that JSON text writes as 1.0 or 1e3 are kept as integers
// when they have an integral value (ParseJson), because the clients of the Admin API know one
// number type only.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "util/result.h"

namespace silverback {

using Json = nlohmann::json;

// RFC 8259. At most `max_depth` levels of nesting (default 100, as lua-cjson's decoder allows 1000:
// deeper input is refused before it can exhaust a stack). Refuses NUL bytes in strings only where a
// caller checks; invalid UTF-8 is an error.
Result<Json> ParseJson(std::string_view text, int max_depth = 100);

// Compact text. Integral doubles print as integers, others with up to 14 significant digits;
// invalid UTF-8 in strings (it may come from headers) is replaced instead of thrown upon. Slashes
// are not escaped.
std::string DumpJson(const Json& value);

// The member `key` of an object, or nullptr: also when `value` is not an object.
const Json* FindMember(const Json& value, std::string_view key);

// A member of that type, or the default: null counts as absent.
std::string StringMember(const Json& value, std::string_view key, std::string_view otherwise = "");
std::string_view StringViewMember(const Json& value, std::string_view key);  // a view into `value`
double NumberMember(const Json& value, std::string_view key, double otherwise = 0);
bool BoolMember(const Json& value, std::string_view key, bool otherwise = false);
// The "id" of a foreign member such as {"service": {"id": ...}}, or "".
std::string ForeignId(const Json& value, std::string_view key);

}  // namespace silverback
