// The errors of stores and of the Dao, with Kong's messages and fields. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "util/error.h"
#include "util/json.h"

namespace silverback::store {

// A value as Kong writes it into messages: {id="...",service={id="..."}}, keys sorted; null members
// print as null, holes (null) in lists make the following items print as [3]=...
std::string LuaTable(const Json& value);

// `key`: {"id": "..."}.
Error PrimaryKeyViolation(const Json& key);
// `fields`: {"name": "x"}, or every field of a composite key (sql::UniqueFields).
Error UniqueViolation(const Json& fields);
// `key`: {"id": "..."}; `field`: "service"; `parent`: "services".
Error ForeignKeyViolation(const Json& key, std::string_view field, std::string_view parent);
// A row of `child` still refers to the row of `parent` that was to be deleted.
Error ReferencedViolation(std::string_view parent, std::string_view child);
Error NotFoundError(const Json& primary_key);
Error NotFoundByError(const Json& filter);
Error InvalidOffsetError(std::string_view offset, std::string_view why);
Error InvalidSizeError();
Error InvalidPrimaryKeyError(const Json& fields);
// The admin API names the field in the error's name ("invalid unique name"): fields has it as key.
Error InvalidUniqueError(std::string_view field, const std::string& why);
Error InvalidOptionError(std::string_view option, const std::string& why);
Error UnsupportedError(std::string message);

}  // namespace silverback::store
