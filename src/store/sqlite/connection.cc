#include "store/sqlite/connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace silverback::store::sqlite {
namespace {

// Page shapes differ by what clients ask for; an upper bound keeps the cache from growing with it.
constexpr size_t kMaxStatements = 500;
constexpr mode_t kOwnerOnly = 0600;

// The file holds keys and secrets. An existing one must not be opened and closed here: that would
// drop the locks that SQLite holds on it for this process.
void MakePrivate(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly);
  if (file >= 0) close(file);
}

// The -wal and -shm files stay when the last connection is closed: the workers' user may write
// them, but not make them anew, for the folder is not its.
void KeepCompanions(sqlite3* db) {
  int on = 1;
  sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
}

Status Bind(sqlite3* db, sqlite3_stmt* statement, const std::vector<sql::Value>& values) {
  int number = 0;
  for (const sql::Value& value : values) {
    ++number;
    int code = SQLITE_OK;
    switch (value.type) {
      case sql::Value::Type::kNull:
        code = sqlite3_bind_null(statement, number);
        break;
      case sql::Value::Type::kInteger:
        code = sqlite3_bind_int64(statement, number, value.integer);
        break;
      case sql::Value::Type::kReal:
        code = sqlite3_bind_double(statement, number, value.real);
        break;
      case sql::Value::Type::kText:
        code = sqlite3_bind_text64(statement, number, value.text.data(), value.text.size(),
                                   SQLITE_STATIC, SQLITE_UTF8);
        break;
    }
    if (code != SQLITE_OK) return LastError(db);
  }
  return Ok();
}

}  // namespace

Error LastError(sqlite3* db) {
  const std::string message = sqlite3_errmsg(db);
  switch (sqlite3_extended_errcode(db)) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
      return Error(ErrorCode::kUniqueViolation, message);
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return Error(ErrorCode::kForeignKeyViolation, message);
    default:
      break;
  }
  switch (sqlite3_errcode(db)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
      return Error(ErrorCode::kUnavailable, message);
    default:
      return Error(ErrorCode::kDatabaseError, message);
  }
}

Cursor::~Cursor() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Result<bool> Cursor::Step() {
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return LastError(db_);
  }
}

bool Cursor::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::string_view Cursor::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return text
             ? std::string_view(text, static_cast<size_t>(sqlite3_column_bytes(statement_, column)))
             : std::string_view();
}

Json Cursor::Cell(int column, const sql::Column& as) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_NULL:
      return nullptr;
    case SQLITE_INTEGER: {
      const int64_t value = sqlite3_column_int64(statement_, column);
      return as.kind == sql::Kind::kBoolean ? Json(value != 0) : Json(value);
    }
    case SQLITE_FLOAT: {
      const double value = sqlite3_column_double(statement_, column);
      const auto integer = static_cast<int64_t>(value);
      return as.integral || static_cast<double>(integer) == value ? Json(integer) : Json(value);
    }
    default:
      return sql::DecodeText(as, Text(column));
  }
}

Result<std::unique_ptr<Connection>> Connection::Open(const std::string& path,
                                                     const Options& options) {
  if (options.create) MakePrivate(path);
  sqlite3* db = nullptr;
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (options.create ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  std::unique_ptr<Connection> connection(new Connection(db));
  Status ready = code == SQLITE_OK ? Ok() : Status(LastError(db));
  if (ready) {
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, options.busy_timeout_ms);
    KeepCompanions(db);
    ready = connection->Script(
        fmt::format("PRAGMA journal_mode = WAL; PRAGMA synchronous = {}; PRAGMA foreign_keys = ON;"
                    "PRAGMA temp_store = MEMORY;",
                    options.sync_every_commit ? "FULL" : "NORMAL")
            .c_str());
  }
  if (!ready) {
    return Error(ready.error().code(),
                 fmt::format("cannot open '{}': {}", path, ready.error().message()));
  }
  return connection;
}

Connection::~Connection() {
  for (const auto& [text, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

Result<sqlite3_stmt*> Connection::Prepare(const std::string& text) {
  const auto found = statements_.find(text);
  if (found != statements_.end()) return found->second;
  if (statements_.size() >= kMaxStatements) {
    for (const auto& [old, statement] : statements_) sqlite3_finalize(statement);
    statements_.clear();
  }
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db_, text.data(), static_cast<int>(text.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return LastError(db_);
  statements_.emplace(text, statement);
  return statement;
}

Result<Cursor> Connection::Query(const std::string& text, const std::vector<sql::Value>& values) {
  auto statement = Prepare(text);
  if (!statement) return statement.error();
  Cursor cursor(db_, *statement);
  if (Status bound = Bind(db_, *statement, values); !bound) return bound.error();
  return cursor;
}

Status Connection::Execute(const std::string& text, const std::vector<sql::Value>& values) {
  auto cursor = Query(text, values);
  if (!cursor) return cursor.error();
  auto row = cursor->Step();
  return row ? Ok() : Status(row.error());
}

Status Connection::Script(const char* text) {
  return sqlite3_exec(db_, text, nullptr, nullptr, nullptr) == SQLITE_OK ? Ok()
                                                                         : Status(LastError(db_));
}

int Connection::Changes() const { return sqlite3_changes(db_); }

Result<std::string> Connection::Scalar(const std::string& text,
                                       const std::vector<sql::Value>& values) {
  auto cursor = Query(text, values);
  if (!cursor) return cursor.error();
  auto row = cursor->Step();
  if (!row) return row.error();
  return *row ? std::string(cursor->Text(0)) : std::string();
}

}  // namespace silverback::store::sqlite
