// What the transactions of one PostgreSQL store share. Private to store/postgres.
//
// Threads: any.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "entity/catalog.h"
#include "store/postgres/constraints.h"
#include "store/postgres/copy.h"
#include "store/postgres/feed.h"
#include "store/postgres/pool.h"
#include "store/postgres/postgres_store.h"
#include "store/sql/statements.h"

namespace silverback::store::postgres {

struct Shared {
  Shared(StoreOptions options, const entity::Catalog& its_catalog);

  const sql::Statements* Find(const schema::Schema& schema) const;  // nullptr: has no table

  const entity::Catalog& catalog;
  Pool pool;
  std::unique_ptr<Copy> copy;  // nullptr: none is configured
  const std::function<double()> clock;
  EventOptions events;
  Constraints constraints;
  std::map<std::string, std::unique_ptr<sql::Statements>, std::less<>> statements;  // by entity
};

// A row of an answer to one of the statements' SELECTs.
Json DecodeRow(const sql::Statements& statements, const Answer& answer, int row);

}  // namespace silverback::store::postgres
