// What would stop `finish`, found before anything is changed.
#pragma once

#include <string>
#include <vector>

#include "store/postgres/migrations/session.h"

namespace silverback::store::postgres::migrations {

// One line each: CA certificates that cannot be read, and those that are there more than once. None
// when the database has their digests already. Reads only.
Result<std::vector<std::string>> Obstacles(Session& session);

}  // namespace silverback::store::postgres::migrations
