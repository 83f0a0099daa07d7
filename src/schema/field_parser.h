// Parsing of schema definitions, for schema.cc.
#pragma once

#include "schema/schema.h"

namespace silverback::schema {

Result<Field> ParseField(std::string name, const Json& definition);
Result<std::vector<Field>> ParseFields(const Json& list);
// The rules of a record's definition ("entity_checks" and "hidden_entity_checks"), with the
// conditions on `fields`.
Result<std::vector<EntityCheck>> ParseChecks(const Json& definition,
                                             const std::vector<Field>& fields);
// Without our own keys and without fields that are marked "hidden": what GET /schemas answers.
Json ShownForm(const Json& definition);

}  // namespace silverback::schema
