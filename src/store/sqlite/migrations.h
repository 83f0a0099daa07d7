// What `kong migrations` does on an SQLite file. There is one layout, which is brought up to date
// at once, so nothing is ever pending; Kong's bookkeeping (schema_meta) is kept all the same.
//
// Any thread; each call opens the file anew. Errors: kUnavailable, kDatabaseError.
#pragma once

#include <memory>
#include <string>

#include "entity/catalog.h"
#include "store/migrations.h"
#include "util/result.h"

namespace silverback::store::sqlite {

// A missing or empty file needs bootstrapping; it is not made.
Result<MigrationState> ReadMigrations(const std::string& path, const entity::Catalog& catalog);

// `bootstrap`, and `up`: makes the file and its tables, or adds what is missing. Gives what was run
// (SubsystemState::fresh of the state before).
Result<MigrationState> Migrate(const std::string& path, const entity::Catalog& catalog);

// `reset`: drops every table and its rows; false: there was nothing.
Result<bool> Reset(const std::string& path);

// The same behind the interface of every SQL store. The catalog outlives it. Running any plan runs
// everything that is new; other processes' writes wait meanwhile, so there is no lock to hold.
std::unique_ptr<Migrator> NewMigrator(const std::string& path, const entity::Catalog& catalog);

}  // namespace silverback::store::sqlite
