// What plain scalars of YAML mean: numbers, booleans and null in the spellings that Kong's YAML
// reader takes (YAML 1.1: "yes", "0o"-less octals, "12:30:45", "1_000"). Pure functions; any
// thread.
#pragma once

#include <optional>
#include <string_view>

#include "util/json.h"

namespace silverback::store::declarative {

// The value of a plain scalar; a string when it looks like nothing else.
Json ResolveScalar(std::string_view text);

// The value under an explicit tag ("tag:yaml.org,2002:int", ...); nullopt when `text` has no such
// form. REQUIRES: IsScalarTag(tag).
std::optional<Json> ResolveTagged(std::string_view tag, std::string_view text);
bool IsScalarTag(std::string_view tag);

}  // namespace silverback::store::declarative
