// Request bodies, queries and headers as documents, in the shape that Kong's PDK gives them:
// repeated names become lists, bare names true.
#pragma once

#include <optional>
#include <string_view>

#include "plugin/exchange.h"
#include "util/json.h"

namespace silverback::plugin {

// Adds a member to an object: its first value as a string, further ones make a list of it.
void PutRepeated(Json& object, const std::string& name, std::string_view value);
// By names in lower case.
Json HeaderFields(const Headers& headers);
Json QueryArguments(std::string_view raw_query);
// By content type: form, JSON object or list, multipart. nullopt: another type, or a body that is
// not what its type says.
std::optional<Json> BodyArguments(std::string_view content_type, std::string_view body);
// A query or form of such a document's members: each is encoded, then all are put in order, as
// Kong writes what it has changed.
std::string EncodeArguments(const Json& arguments);
// A multipart body of such a document's members, which must be texts, by their names.
std::string EncodeMultipart(const Json& arguments, std::string_view boundary);
// A query or form without the arguments of that name, encoded anew.
std::string WithoutArgument(std::string_view query, std::string_view name);

}  // namespace silverback::plugin
