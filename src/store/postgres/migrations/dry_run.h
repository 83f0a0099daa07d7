// What a run would do, in words: the statements, the locks that they take, and about how many rows
// they look at or change. Reads only, and takes no lock that anybody could wait for.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "store/migrations.h"
#include "store/postgres/migrations/plan.h"
#include "store/postgres/migrations/session.h"

namespace silverback::store::postgres::migrations {

using Print = std::function<void(const std::string& line)>;

void PrintDryRun(Session& session, std::string_view subsystem, const Migration& migration,
                 MigrationHalf half, const Print& print);

// What a statement locks: {"ACCESS EXCLUSIVE", "routes"}, ...; nothing for new tables and
// functions.
struct TableLock {
  std::string mode, table;
};
std::vector<TableLock> LocksOf(std::string_view sql);

}  // namespace silverback::store::postgres::migrations
