// What happens to a record before it is validated: shorthands, defaults, generated values, merging.
#pragma once

#include "schema/schema.h"

namespace silverback::schema {

// Translates shorthand members into the fields that they stand for. Errors of their values go to
// `errors`.
void ExpandShorthands(const std::vector<Field>& shorthands, Json& record, Json& errors);
// What the schema's "consequences" (an array, or null) change in a whole row: a member whose value
// is one of "if_in" decides another, where that has one of the values "instead_of", or any.
void ApplyConsequences(const Json* rules, Json& row);
// Fills what is absent: defaults, generated ids, keys and times. For kUpdate only nested records
// that were given are looked at.
void FillFields(const std::vector<Field>& fields, Json& record, Operation operation,
                const AutoValues& values);
// `patch` over `current`: records member by member, everything else replaced.
Json MergeRecords(const std::vector<Field>& fields, const Json& patch, const Json& current);

}  // namespace silverback::schema
