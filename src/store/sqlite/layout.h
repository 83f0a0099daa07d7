// Layout: makes and brings up to date the tables of an SQLite file. Private to store/sqlite.
#pragma once

#include <memory>
#include <vector>

#include "entity/catalog.h"
#include "store/sql/statements.h"
#include "store/sqlite/connection.h"

namespace silverback::store::sqlite {

using StatementList = std::vector<std::unique_ptr<sql::Statements>>;

// The statements of every stored entity of the catalog.
StatementList StatementsOf(const entity::Catalog& catalog);

// Creates what is missing: tables, columns that newer versions added, indexes, and the bookkeeping
// of migrations. Does nothing when the file has this layout already.
Status PrepareLayout(Connection& connection, const entity::Catalog& catalog,
                     const StatementList& statements);

}  // namespace silverback::store::sqlite
