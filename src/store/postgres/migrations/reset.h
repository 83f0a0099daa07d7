// Empties the gateway's schema.
#pragma once

#include "store/postgres/migrations/session.h"

namespace silverback::store::postgres::migrations {

// Every table, view, sequence, function and type of the schema, in one transaction; what belongs to
// an extension stays, as do the schema itself and its privileges.
Status DropEverything(Session& session);

}  // namespace silverback::store::postgres::migrations
