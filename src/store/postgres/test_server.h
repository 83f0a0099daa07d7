// A PostgreSQL server for the tests of one binary, started by test/support/postgres.sh when the
// first test asks for it and stopped at the end. The server that KONG_PG_HOST and its likes name is
// used instead when they are set.
#pragma once

#include "store/postgres/options.h"

namespace silverback::store::postgres {

// Of the database "kong", in a schema of its own for `name`; the schema is empty.
Options EmptyTestDatabase(const std::string& name);
// With the tables of the gateway, but without rows.
Options TestDatabase();

}  // namespace silverback::store::postgres
