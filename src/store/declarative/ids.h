// The ids of rows that do not say theirs: UUIDs of version 5 from the kind of entity and what
// identifies the row, the same as Kong's. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/schema.h"
#include "util/json.h"

namespace silverback::store::declarative {

// What identifies `item` (as the document gives it, references still by name) below its parent.
// nullopt when nothing does. `parent_field`: the field that refers to the parent; "" at the top
// level.
std::optional<std::string> IdentifyingKey(const schema::Schema& schema, const Json& item,
                                          std::string_view parent_field,
                                          std::string_view parent_id);

// The namespace of a kind's ids.
std::string IdsOf(const schema::Schema& schema);
std::string DeterminedId(std::string_view ids_of_kind, std::string_view key);

}  // namespace silverback::store::declarative
