// What happens to a record before it is validated: shorthands, defaults, generated values, merging.
#pragma once

#include "schema/schema.h"

namespace silverback::schema {

// Translates shorthand members into the fields that they stand for. Errors of their values go to
// `errors`.
void ExpandShorthands(const std::vector<Field>& shorthands, Json& record, Json& errors);
// Fills what is absent: defaults, generated ids, keys and times. For kUpdate only nested records
// that were given are looked at.
void FillFields(const std::vector<Field>& fields, Json& record, Operation operation,
                const AutoValues& values);
// `patch` over `current`: records member by member, everything else replaced.
Json MergeRecords(const std::vector<Field>& fields, const Json& patch, const Json& current);
// A stored record as it is read: every field and nothing else, defaults where nothing is stored.
Json ReadRecord(const std::vector<Field>& fields, const Json& stored);
// The function that "settle" of a schema names; nullptr when there is none of that name.
using SettleFunction = void (*)(Json& row);
SettleFunction FindSettle(std::string_view name);

}  // namespace silverback::schema
