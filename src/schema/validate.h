// The validation of values against fields. Errors are JSON in the Admin API's shape: a string for a
// value, an array with nulls for the good elements of a list, an object for records and maps, with
// "@entity" for what concerns several fields. null: no error.
#pragma once

#include "schema/schema.h"

namespace silverback::schema {

struct ValidateContext {
  bool updating = false;                           // some messages begin with "when updating, "
  const Schema::EntityLookup* entities = nullptr;  // what may be referred to
  bool partial = false;                            // only what is given is looked at
};

// `value` null (or absent) is right unless the field is required.
Json ValidateField(const Field& field, const Json& value, const ValidateContext& context);
// All members of a record, unknown ones included, then its rules.
Json ValidateRecord(const std::vector<Field>& fields, const std::vector<EntityCheck>& checks,
                    const Json& record, const ValidateContext& context);

// nullptr: no kind of rule that is run.
const EntityCheckKind* FindEntityCheckKind(std::string_view name);
// Adds to `errors` what the rules find.
void RunEntityChecks(const std::vector<EntityCheck>& checks, const Json& record,
                     const ValidateContext& context, Json& errors);
// Whether there is anything: no null, no empty text, no empty list, map or record.
bool IsNonEmpty(const Json& value);
std::string QuotedNames(const Json& names);

// Whether the value only says where a vault has the real one: "{vault://env/name}". Nothing can be
// said about that one yet.
bool IsVaultReference(const Json& value);

// By dotted path: null when absent.
const Json& ValueAt(const Json& record, std::string_view path);
void SetErrorAt(Json& errors, std::string_view path, const Json& error);

// Kong's simple checks of one value ("between", "one_of", "match", ...): the first that fails, as
// its message.
Json RunSimpleChecks(const Field& field, const Json& value);
std::vector<SimpleCheck> FindSimpleChecks(const Json& definition, FieldType type);
// The named checks ("check"); null when the value is right.
Json RunNamedCheck(const std::string& name, const Json& value);
// Named checks of a record or list.
Json RunRecordCheck(const std::string& name, const Json& record);
// Named checks of a whole entity: may put several errors. `rule` says which ("check") and what else
// it needs.
void RunNamedEntityCheck(const Json& rule, const Json& record, Json& errors);

}  // namespace silverback::schema
