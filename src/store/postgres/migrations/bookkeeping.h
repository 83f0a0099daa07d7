// schema_meta: which migrations a database has, in Kong's own form, so that nodes of both read it.
#pragma once

#include <string_view>
#include <vector>

#include "entity/catalog.h"
#include "store/migrations.h"
#include "store/postgres/migrations/session.h"

namespace silverback::store::postgres::migrations {

// Whether this role sees the table in the gateway's schema.
Result<bool> HasTable(Session& session, std::string_view table);

// Of the subsystems that the catalog enables. A database of a version before 1.0 needs
// bootstrapping, as an empty one does.
Result<MigrationState> ReadState(Session& session, const entity::Catalog& catalog);

// schema_meta and locks; the schema too when it is missing.
Status CreateBookkeeping(Session& session);

enum class Record {
  kExecuted,  // at once
  kPending,   // its first half
  kFinished,  // its second half
  kBoth,      // both halves together
};
Status WriteRecord(Session& session, std::string_view subsystem, std::string_view name,
                   Record record);

}  // namespace silverback::store::postgres::migrations
