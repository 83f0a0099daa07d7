// `kong migrations` on PostgreSQL: Kong 2.8's schema and bookkeeping, from an empty database or
// that of any version since 1.0.
//
// The Migrator belongs to one thread; it connects when first used. Errors: kUnavailable (the server
// is not reachable, or another node holds the lock for too long), kDatabaseError.
#pragma once

#include <memory>
#include <string>

#include "entity/catalog.h"
#include "store/migrations.h"
#include "store/postgres/options.h"
#include "util/result.h"

namespace silverback::store::postgres {

// The catalog outlives it. Options::timeout_ms is for connecting only.
std::unique_ptr<Migrator> NewMigrator(const Options& server, const entity::Catalog& catalog);

// Makes an empty database what `kong migrations bootstrap` makes of it; nothing when it is
// bootstrapped already.
Status Bootstrap(const Options& server, const entity::Catalog& catalog);

}  // namespace silverback::store::postgres
