// What happens to a record before it is validated: shorthands, defaults, generated values, merging.
#pragma once

#include "schema/schema.h"

namespace silverback::schema {

// Translates shorthand members into the fields that they stand for. Errors of their values go to
// `errors`.
void ExpandShorthands(const std::vector<Field>& shorthands, Json& record, Json& errors);
// Fills what is absent: defaults, generated ids, keys and times. For kUpdate only nested records
// that were given are looked at.
// What the schema's "conditional_defaults" (an array, or null) add to a request.
void ApplyConditionalDefaults(const Json* rules, Json& record);

void FillFields(const std::vector<Field>& fields, Json& record, Operation operation,
                const AutoValues& values);
// `patch` over `current`: records member by member, everything else replaced.
Json MergeRecords(const std::vector<Field>& fields, const Json& patch, const Json& current);

}  // namespace silverback::schema
