// Parsing of schema definitions, for schema.cc.
#pragma once

#include "schema/schema.h"

namespace silverback::schema {

Result<Field> ParseField(std::string name, const Json& definition);
Result<std::vector<Field>> ParseFields(const Json& list);
// Without our own keys and without fields that are marked "hidden": what GET /schemas answers.
Json ShownForm(const Json& definition);

}  // namespace silverback::schema
