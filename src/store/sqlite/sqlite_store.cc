#include "store/sqlite/sqlite_store.h"

#include <sqlite3.h>

#include <condition_variable>
#include <map>
#include <mutex>

#include "store/errors.h"
#include "store/sqlite/layout.h"
#include "util/string_util.h"

namespace silverback::store::sqlite {
namespace {

using sql::Statements;
using sql::Value;

// The connections of one process. Writers queue here instead of at the file's lock, where SQLite
// would let them sleep and poll.
class Pool {
 public:
  Pool(std::string path, Connection::Options options) : path_(std::move(path)), options_(options) {}

  Result<std::unique_ptr<Connection>> Take(bool writer) {
    std::unique_lock lock(mutex_);
    if (writer) {
      writer_free_.wait(lock, [this] { return !writing_; });
      writing_ = true;
    }
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
    lock.unlock();
    auto opened = Connection::Open(path_, options_);
    if (!opened && writer) EndWriting();
    return opened;
  }

  void Give(std::unique_ptr<Connection> connection, bool writer) {
    {
      const std::scoped_lock lock(mutex_);
      if (connection && idle_.size() < kMaxIdle) idle_.push_back(std::move(connection));
    }
    if (writer) EndWriting();
  }

 private:
  static constexpr size_t kMaxIdle = 16;

  void EndWriting() {
    {
      const std::scoped_lock lock(mutex_);
      writing_ = false;
    }
    writer_free_.notify_one();
  }

  const std::string path_;
  const Connection::Options options_;
  std::mutex mutex_;
  std::condition_variable writer_free_;
  bool writing_ = false;
  std::vector<std::unique_ptr<Connection>> idle_;
};

struct Shared {
  Pool pool;
  std::function<double()> clock;
  StatementList list;
  std::map<std::string, const Statements*, std::less<>> by_name;

  const Statements* Find(const schema::Schema& schema) const {
    const auto found = by_name.find(schema.name());
    return found == by_name.end() ? nullptr : found->second;
  }
};

// "UNIQUE constraint failed: services.name, services.ws_id": which column of the table it was.
std::string ViolatedColumn(const std::string& message) {
  const size_t dot = message.find('.');
  if (dot == std::string::npos) return "";
  return message.substr(dot + 1, message.find(',') - dot - 1);
}

class SqliteTransaction final : public Transaction {
 public:
  SqliteTransaction(std::shared_ptr<Shared> shared, std::unique_ptr<Connection> connection,
                    bool writer)
      : shared_(std::move(shared)), connection_(std::move(connection)), writer_(writer) {}

  ~SqliteTransaction() override {
    // A failed rollback leaves a connection in an unknown state: closing it rolls back too.
    if (open_ && !connection_->Execute("ROLLBACK")) connection_.reset();
    GiveBack();
  }

  Status Begin() {
    const Status begun = connection_->Execute(writer_ ? "BEGIN IMMEDIATE" : "BEGIN");
    open_ = begun.ok();
    return begun;
  }

  Status Insert(const schema::Schema& schema, const Json& row) override {
    const Statements* statements = shared_->Find(schema);
    if (!statements) return NotStored(schema);
    const auto values = sql::EncodeRow(sql::Dialect::kSqlite, statements->table(), row);
    const Status done = connection_->Execute(statements->insert(), values);
    return done ? done : Status(Violation(*statements, row, done.error(), true));
  }

  Status Update(const schema::Schema& schema, const Json& row) override {
    const Statements* statements = shared_->Find(schema);
    if (!statements) return NotStored(schema);
    const std::string key = StringMember(row, schema.primary_key());
    auto values = sql::EncodeRow(sql::Dialect::kSqlite, statements->table(), row);
    values.push_back(Value::Text(key));
    const Status done = connection_->Execute(statements->update(), values);
    if (!done) return Violation(*statements, row, done.error(), false);
    return connection_->Changes() > 0 ? Ok() : Status(NotFoundError({{schema.primary_key(), key}}));
  }

  Result<bool> Delete(const schema::Schema& schema, std::string_view primary_key) override {
    const Statements* statements = shared_->Find(schema);
    if (!statements) return false;
    const Status done =
        connection_->Execute(statements->remove(), {Value::Text(std::string(primary_key))});
    if (!done) return done.error();
    return connection_->Changes() > 0;
  }

  Result<std::optional<Json>> Select(const schema::Schema& schema,
                                     std::string_view primary_key) override {
    const Statements* statements = shared_->Find(schema);
    if (!statements) return std::optional<Json>();
    std::vector<Value> values = {Value::Text(std::string(primary_key))};
    return One(*statements, statements->select(), std::move(values));
  }

  Result<std::optional<Json>> SelectBy(const schema::Schema& schema, std::string_view field,
                                       const Json& value, Rows rows) override {
    const Statements* statements = shared_->Find(schema);
    if (!statements) return std::optional<Json>();
    const sql::Column* column = statements->table().FindMemberColumn(field);
    if (!column || (rows == Rows::kExpired && !statements->table().has_ttl)) {
      return std::optional<Json>();
    }
    std::vector<Value> values = {sql::Encode(sql::Dialect::kSqlite, *column, value)};
    return One(*statements, statements->SelectBy(*column, rows), std::move(values));
  }

  Result<RowPage> Page(const schema::Schema& schema, const PageRequest& request) override {
    RowPage page;
    const Statements* statements = shared_->Find(schema);
    if (!statements) return page;
    const sql::PageStatement query = statements->Page(request, shared_->clock());
    auto cursor = connection_->Query(query.text, query.parameters);
    if (!cursor) return cursor.error();
    while (true) {
      const auto row = cursor->Step();
      if (!row) return row.error();
      if (!*row) return page;
      if (page.rows.size() == request.size) {
        page.more = true;
        return page;
      }
      page.rows.push_back(Decode(*statements, *cursor));
    }
  }

  Result<std::vector<std::string>> DeleteExpired(const schema::Schema& schema,
                                                 size_t limit) override {
    std::vector<std::string> keys;
    const Statements* statements = shared_->Find(schema);
    if (!statements || !statements->table().has_ttl) return keys;
    const std::vector<Value> values = {Value::Real(shared_->clock()),
                                       Value::Integer(static_cast<int64_t>(limit))};
    auto cursor = connection_->Query(statements->delete_expired(), values);
    if (!cursor) return cursor.error();
    while (true) {
      const auto row = cursor->Step();
      if (!row) return row.error();
      if (!*row) return keys;
      keys.emplace_back(cursor->Text(0));
    }
  }

  Status Commit() override {
    const Status done = connection_->Execute("COMMIT");
    if (!done) return done;
    open_ = false;
    GiveBack();
    return done;
  }

 private:
  static Error NotStored(const schema::Schema& schema) {
    return Error(ErrorCode::kDatabaseError, "'" + schema.name() + "' has no table");
  }

  // SQLite names any one of the indexes that refuse a row; clients are told of the key or else of
  // the first field.
  Error Violation(const Statements& statements, const Json& row, const Error& error, bool is_new) {
    if (error.code() != ErrorCode::kUniqueViolation) return error;
    const sql::Table& table = statements.table();
    std::string column = ViolatedColumn(error.message());
    if (is_new) {
      const auto same = Select(*table.schema, StringMember(row, table.primary_key));
      if (same && *same) column = table.primary_key;
    }
    for (const sql::Column& each : table.columns) {
      if (each.name == column || column == table.primary_key) break;
      if (!each.field || !each.field->unique || !Taken(*table.schema, each, row)) continue;
      column = each.name;
      break;
    }
    const Json fields = sql::UniqueFields(table, column, row);
    return column == table.primary_key ? PrimaryKeyViolation(fields) : UniqueViolation(fields);
  }

  // Whether another row has the value of `row` already.
  bool Taken(const schema::Schema& schema, const sql::Column& column, const Json& row) {
    const Json* value = FindMember(row, column.member());
    if (value == nullptr || value->is_null()) return false;
    const auto found = SelectBy(schema, column.name, *value, Rows::kLive);
    if (!found || !*found) return false;
    const std::string& key = schema.primary_key();
    return StringMember(**found, key) != StringMember(row, key);
  }

  Json Decode(const Statements& statements, const Cursor& cursor) const {
    return statements.DecodeRow(
        [&](size_t i) { return cursor.Cell(static_cast<int>(i), *statements.selected()[i]); });
  }

  Result<std::optional<Json>> One(const Statements& statements, const std::string& text,
                                  std::vector<Value> values) {
    if (statements.table().has_ttl) values.push_back(Value::Real(shared_->clock()));
    auto cursor = connection_->Query(text, values);
    if (!cursor) return cursor.error();
    const auto row = cursor->Step();
    if (!row) return row.error();
    return *row ? std::optional<Json>(Decode(statements, *cursor)) : std::optional<Json>();
  }

  void GiveBack() {
    if (given_back_) return;
    given_back_ = true;
    shared_->pool.Give(std::move(connection_), writer_);
  }

  std::shared_ptr<Shared> shared_;
  std::unique_ptr<Connection> connection_;
  const bool writer_;
  bool open_ = false;
  bool given_back_ = false;
};

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Result<std::unique_ptr<Transaction>> Begin(Mode mode) override {
    const bool writer = mode == Mode::kWrite;
    auto connection = shared_->pool.Take(writer);
    if (!connection) return connection.error();
    auto transaction = std::make_unique<SqliteTransaction>(shared_, std::move(*connection), writer);
    if (Status begun = transaction->Begin(); !begun) return begun.error();
    return std::unique_ptr<Transaction>(std::move(transaction));
  }

  std::string_view strategy() const override { return "sqlite"; }

  Status Ping() override {
    auto connection = shared_->pool.Take(false);
    if (!connection) return connection.error();
    const auto tables = (*connection)->Scalar("SELECT count(*) FROM sqlite_master");
    shared_->pool.Give(std::move(*connection), false);
    return tables ? Ok() : Status(tables.error());
  }

  std::string Version() const override { return sqlite3_libversion(); }

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace

Result<std::unique_ptr<Store>> Open(const std::string& path, const entity::Catalog& catalog,
                                    const Options& options) {
  const Connection::Options connection_options = {true, options.busy_timeout_ms,
                                                  options.sync_every_commit};
  auto connection = Connection::Open(path, connection_options);
  if (!connection) return connection.error();
  std::shared_ptr<Shared> shared(
      new Shared{{path, connection_options},
                 options.clock ? options.clock : std::function<double()>(NowWithMillis),
                 StatementsOf(catalog),
                 {}});
  for (const auto& statements : shared->list) {
    shared->by_name[statements->table().name] = statements.get();
  }
  if (Status ready = PrepareLayout(**connection, catalog, shared->list); !ready) {
    return ready.error();
  }
  shared->pool.Give(std::move(*connection), false);
  return std::unique_ptr<Store>(std::make_unique<SqliteStore>(std::move(shared)));
}

}  // namespace silverback::store::sqlite
