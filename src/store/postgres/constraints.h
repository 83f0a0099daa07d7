// Constraints: which columns stand behind the name of a constraint, so that a violation can be
// reported by field. Names differ between databases that older versions have made, and messages
// between languages: the server's catalog is asked. Private to store/postgres.
//
// Threads: any.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "store/postgres/connection.h"
#include "store/sql/table.h"

namespace silverback::store::postgres {

class Constraints {
 public:
  // Reads the catalog unless the constraint is known; nullopt: there is none of that name, or the
  // server cannot be asked. `connection` is outside of a transaction.
  std::optional<std::vector<std::string>> Columns(Connection& connection, const std::string& name);

 private:
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> columns_;
};

enum class Action { kInsert, kUpdate, kDelete };

// The error of a statement on `table` as stores report it. `row`: what was to be written; for
// kDelete at least the primary key. `columns`: of the violated constraint, where they are known.
Error Translate(const Error& error, Action action, const sql::Table& table, const Json& row,
                const std::vector<std::string>& columns);

// The constraint that an error is about; "" when it is about none.
std::string ViolatedConstraint(const Error& error);

}  // namespace silverback::store::postgres
