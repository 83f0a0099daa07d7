// `kong migrations` with `database = off`: there is nothing to migrate, and so everything is done.
#pragma once

#include <memory>

#include "entity/catalog.h"
#include "store/migrations.h"

namespace silverback::store {

// The catalog outlives it.
std::unique_ptr<Migrator> NewNoDatabaseMigrator(const entity::Catalog& catalog);

}  // namespace silverback::store
