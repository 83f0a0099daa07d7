// Looks into rows' texts without reading them whole. Private to replica; pure functions.
#pragma once

#include <string_view>

#include "schema/schema.h"

namespace silverback::replica {

// Whether the look-ups find both rows of the entity by the same. Both are what DumpJson gives.
bool SameLookups(const schema::Schema& schema, std::string_view a, std::string_view b);

}  // namespace silverback::replica
