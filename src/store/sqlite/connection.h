// Connection: one SQLite connection with its prepared statements, and the statements' results.
// Private to store/sqlite.
//
// Threads: one at a time.
#pragma once

#include <sqlite3.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/sql/value.h"
#include "util/result.h"

namespace silverback::store::sqlite {

// One execution of a prepared statement: step through its rows; reset when destroyed.
class Cursor {
 public:
  Cursor(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  Cursor(Cursor&& other) noexcept : db_(other.db_), statement_(other.statement_) {
    other.statement_ = nullptr;
  }
  ~Cursor();

  Result<bool> Step();  // true: there is a row
  bool IsNull(int column) const;
  std::string_view Text(int column) const;  // until the next Step
  Json Cell(int column, const sql::Column& as) const;

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_;
};

class Connection {
 public:
  struct Options {
    bool create = true;
    int busy_timeout_ms = 10000;
    bool sync_every_commit = true;
  };
  static Result<std::unique_ptr<Connection>> Open(const std::string& path, const Options& options);
  ~Connection();

  // `values` must outlive the cursor (texts are not copied).
  Result<Cursor> Query(const std::string& text, const std::vector<sql::Value>& values);
  Status Execute(const std::string& text, const std::vector<sql::Value>& values = {});
  Status Script(const char* text);  // several statements without parameters, not cached
  int Changes() const;
  // The first column of the first row, or "".
  Result<std::string> Scalar(const std::string& text, const std::vector<sql::Value>& values = {});

 private:
  explicit Connection(sqlite3* db) : db_(db) {}
  Result<sqlite3_stmt*> Prepare(const std::string& text);

  sqlite3* db_;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
};

// What the last call on `db` says, as an Error: constraint violations as kUniqueViolation (message:
// SQLite's, "UNIQUE constraint failed: TABLE.COLUMN, ..."), a busy or locked file as kUnavailable.
Error LastError(sqlite3* db);

}  // namespace silverback::store::sqlite
