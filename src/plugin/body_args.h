// Request bodies and queries as documents, in the shape that Kong's PDK gives them: repeated names
// become lists, bare names true.
#pragma once

#include <optional>
#include <string_view>

#include "util/json.h"

namespace silverback::plugin {

Json QueryArguments(std::string_view raw_query);
// By content type: form, JSON object or list, multipart. nullopt: another type, or a body that is
// not what its type says.
std::optional<Json> BodyArguments(std::string_view content_type, std::string_view body);
// A query or form without the arguments of that name; the others keep their order and spelling.
std::string WithoutArgument(std::string_view query, std::string_view name);

}  // namespace silverback::plugin
