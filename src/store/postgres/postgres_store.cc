#include "store/postgres/postgres_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "store/cluster_events.h"
#include "store/errors.h"
#include "store/postgres/copy_row.h"
#include "store/postgres/shared.h"
#include "store/postgres/usage.h"
#include "util/string_util.h"

namespace silverback::store::postgres {
namespace {

using sql::Dialect;
using sql::Statements;
using sql::Value;

constexpr const char* kBeginRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
constexpr const char* kBeginWrite = "BEGIN";

Error NotStored(const schema::Schema& schema) {
  return Error(ErrorCode::kDatabaseError, "'" + schema.name() + "' has no table");
}

// Rows in the order of their keys' bytes; those whose ttl has not passed.
std::string CopyStatement(const Statements& statements, double now) {
  const sql::Table& table = statements.table();
  const sql::Column* key = table.FindColumn(table.primary_key);
  return fmt::format(
      "COPY ({}{} ORDER BY \"{}\"{}) TO STDOUT", statements.select_head(),
      table.has_ttl ? fmt::format(" WHERE ttl IS NULL OR ttl > to_timestamp({:.3f})", now) : "",
      table.primary_key, key->kind == sql::Kind::kUuid ? "" : " COLLATE \"C\"");
}

class PostgresTransaction final : public Transaction {
 public:
  // `loan` is of `pool`, one of those of `shared`.
  PostgresTransaction(std::shared_ptr<Shared> shared, Pool& pool, Pool::Loan loan, Store::Mode mode)
      : shared_(std::move(shared)), pool_(pool), loan_(std::move(loan)), mode_(mode) {
    QueueBegin();
  }

  ~PostgresTransaction() override {
    // The next user takes the answer in.
    if (loan_.connection && !loan_.connection->broken() && begun_ && !committed_) {
      loan_.connection->Send("ROLLBACK");
    }
    if (loan_.connection && !begun_) loan_.connection->DropQueued();
    pool_.Give(std::move(loan_.connection));
  }

  Status Insert(const schema::Schema& schema, const Json& row) override {
    const Statements* statements = shared_->Find(schema);
    if (!statements) return NotStored(schema);
    const auto done =
        Run(statements->insert(), sql::EncodeRow(Dialect::kPostgres, statements->table(), row));
    return done ? Ok() : Status(Translated(done.error(), Action::kInsert, *statements, row));
  }

  Status Update(const schema::Schema& schema, const Json& row) override {
    const Statements* statements = shared_->Find(schema);
    if (!statements) return NotStored(schema);
    const std::string key = StringMember(row, schema.primary_key());
    auto values = sql::EncodeRow(Dialect::kPostgres, statements->table(), row);
    values.push_back(Value::Text(key));
    const auto done = Run(statements->update(), values);
    if (!done) return Translated(done.error(), Action::kUpdate, *statements, row);
    return done->affected() > 0 ? Ok() : Status(NotFoundError({{schema.primary_key(), key}}));
  }

  Result<bool> Delete(const schema::Schema& schema, std::string_view primary_key) override {
    const Statements* statements = shared_->Find(schema);
    if (!statements) return false;
    const std::string key(primary_key);
    const auto done = Run(statements->remove(), {Value::Text(key)});
    if (!done) {
      return Translated(done.error(), Action::kDelete, *statements, {{schema.primary_key(), key}});
    }
    return done->affected() > 0;
  }

  Result<std::optional<Json>> Select(const schema::Schema& schema,
                                     std::string_view primary_key) override {
    const Statements* statements = shared_->Find(schema);
    if (!statements) return std::optional<Json>();
    return One(*statements, statements->select(), {Value::Text(std::string(primary_key))});
  }

  Result<std::optional<Json>> SelectBy(const schema::Schema& schema, std::string_view field,
                                       const Json& value, Rows rows) override {
    const Statements* statements = shared_->Find(schema);
    if (!statements) return std::optional<Json>();
    const sql::Column* column = statements->table().FindMemberColumn(field);
    if (!column || (rows == Rows::kExpired && !statements->table().has_ttl)) {
      return std::optional<Json>();
    }
    return One(*statements, statements->SelectBy(*column, rows),
               {sql::Encode(Dialect::kPostgres, *column, value)});
  }

  Result<RowPage> Page(const schema::Schema& schema, const PageRequest& request) override {
    RowPage page;
    const Statements* statements = shared_->Find(schema);
    if (!statements) return page;
    const sql::PageStatement query = statements->Page(request, shared_->clock());
    const auto answer = Run(query.text, query.parameters);
    if (!answer) return answer.error();
    page.more = static_cast<size_t>(answer->size()) > request.size;
    const int count = page.more ? static_cast<int>(request.size) : answer->size();
    page.rows.reserve(static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) page.rows.push_back(DecodeRow(*statements, *answer, i));
    return page;
  }

  Result<std::vector<std::string>> DeleteExpired(const schema::Schema& schema,
                                                 size_t limit) override {
    std::vector<std::string> keys;
    const Statements* statements = shared_->Find(schema);
    if (!statements || !statements->table().has_ttl) return keys;
    const auto answer =
        Run(statements->delete_expired(),
            {Value::Real(shared_->clock()), Value::Integer(static_cast<int64_t>(limit))});
    if (!answer) return answer.error();
    for (int i = 0; i < answer->size(); ++i) keys.emplace_back(answer->Text(i, 0));
    return keys;
  }

  Status Each(const schema::Schema& schema,
              const std::function<Status(const Json&)>& row) override {
    const Statements* statements = shared_->Find(schema);
    if (!statements) return Ok();
    // However long it takes: the server is not silent while rows come.
    const auto begun = Run("SET LOCAL statement_timeout = 0", {});
    if (!begun) return begun.error();
    CopyRow cells;
    return loan_.connection->CopyOut(
        CopyStatement(*statements, shared_->clock()), [&](std::string_view line) -> Status {
          if (!cells.Parse(line) || cells.size() != statements->selected().size()) {
            return Error(ErrorCode::kDatabaseError, "a row came in an unexpected form");
          }
          return row(statements->DecodeRow([&](size_t i) -> Json {
            const auto text = cells[i];
            return text ? sql::DecodeText(*statements->selected()[i], *text) : Json();
          }));
        });
  }

  Status Announce(const std::vector<Change>& changes) override {
    constexpr size_t kEventsPerStatement = 2000;
    if (!begun_) return Ok();
    std::vector<ClusterEvent> events = EventsOf(changes);
    for (size_t i = 0; i < events.size(); i += kEventsPerStatement) {
      const auto first = events.begin() + static_cast<ptrdiff_t>(i);
      const auto last =
          first + static_cast<ptrdiff_t>(std::min(kEventsPerStatement, events.size() - i));
      EventStatement tell = TellStatement(shared_->events, {first, last});
      loan_.connection->Queue(std::move(tell.text), std::move(tell.values));
    }
    return Ok();
  }

  Status Tell(const std::vector<ClusterEvent>& events) {
    const EventStatement tell = TellStatement(shared_->events, events);
    const auto told = Run(tell.text, tell.values);
    return told ? Commit() : Status(told.error());
  }

  Status Commit() override {
    if (!begun_) return Ok();
    if (mode_ == Store::Mode::kWrite && shared_->copy) return CommitAndRemember();
    const auto done = loan_.connection->Query("COMMIT");
    if (!done) return done.error();
    committed_ = true;
    return Ok();
  }

 private:
  void QueueBegin() {
    loan_.connection->Queue(mode_ == Store::Mode::kWrite ? kBeginWrite : kBeginRead);
  }

  // The copy is not read from until it has this.
  Status CommitAndRemember() {
    loan_.connection->Queue("COMMIT");
    const auto position =
        loan_.connection->Query(Copy::PositionQuery(loan_.connection->server_version()));
    if (!position) return position.error();
    shared_->copy->Wrote(std::strtoull(std::string(position->Text(0, 0)).c_str(), nullptr, 10));
    committed_ = true;
    return Ok();
  }

  // The first statement of a connection that lay in the pool finds out whether the server still
  // knows it. Nothing has been done yet then: another connection may do it.
  Result<Answer> Run(const std::string& text, const Connection::Values& values) {
    auto answer = RunOnce(text, values);
    if (answer || begun_ || !loan_.connection->broken() || !loan_.used_before) return answer;
    auto fresh = pool_.Replace(std::move(loan_.connection));
    if (!fresh) {
      return fresh.error();
    }
    loan_ = *std::move(fresh);
    QueueBegin();
    return RunOnce(text, values);
  }

  Result<Answer> RunOnce(const std::string& text, const Connection::Values& values) {
    if (!loan_.connection) return Error(ErrorCode::kUnavailable, "connection lost");
    auto answer = loan_.connection->Query(text, values);
    if (!loan_.connection->broken()) begun_ = loan_.connection->in_transaction();
    return answer;
  }

  Error Translated(const Error& error, Action action, const Statements& statements,
                   const Json& row) {
    std::vector<std::string> columns;
    const std::string name = ViolatedConstraint(error);
    if (!name.empty() && !loan_.connection->broken()) {
      // The transaction has failed; the catalog can be read after its end only.
      (void)loan_.connection->Query("ROLLBACK");
      begun_ = false;
      columns = shared_->constraints.Columns(*loan_.connection, name)
                    .value_or(std::vector<std::string>());
    }
    return Translate(error, action, statements.table(), row, columns);
  }

  Result<std::optional<Json>> One(const Statements& statements, const std::string& text,
                                  std::vector<Value> values) {
    if (statements.table().has_ttl) values.push_back(Value::Real(shared_->clock()));
    const auto answer = Run(text, values);
    if (!answer) return answer.error();
    if (answer->size() == 0) return std::optional<Json>();
    return std::optional<Json>(DecodeRow(statements, *answer, 0));
  }

  std::shared_ptr<Shared> shared_;
  Pool& pool_;
  Pool::Loan loan_;
  const Store::Mode mode_;
  bool begun_ = false;
  bool committed_ = false;
};

class PostgresStore final : public Store {
 public:
  explicit PostgresStore(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Result<std::unique_ptr<Transaction>> Begin(Mode mode) override {
    if (mode == Mode::kReadCopy && shared_->copy) {
      if (auto loan = shared_->copy->Take()) {
        return std::unique_ptr<Transaction>(std::make_unique<PostgresTransaction>(
            shared_, shared_->copy->pool(), *std::move(loan), mode));
      }
    }
    auto loan = shared_->pool.Take();
    if (!loan) return loan.error();
    return std::unique_ptr<Transaction>(
        std::make_unique<PostgresTransaction>(shared_, shared_->pool, *std::move(loan), mode));
  }

  std::string_view strategy() const override { return "postgres"; }

  Status Tell(const std::vector<ClusterEvent>& told) override {
    auto loan = shared_->pool.Take();
    if (!loan) return loan.error();
    PostgresTransaction transaction(shared_, shared_->pool, *std::move(loan), Mode::kWrite);
    return transaction.Tell(told);
  }

  // Outside of transactions: the two statements are one round trip, and one transaction by that.
  Result<std::vector<int64_t>> CountUsage(const std::vector<UsageCount>& counts) override {
    auto loan = shared_->pool.Take();
    if (!loan) return loan.error();
    auto values = CountOn(*loan->connection, counts);
    if (!values && loan->used_before && loan->connection->broken()) {
      loan = shared_->pool.Replace(std::move(loan->connection));
      if (loan) values = CountOn(*loan->connection, counts);
    }
    shared_->pool.Give(loan ? std::move(loan->connection) : nullptr);
    return values;
  }

  std::unique_ptr<ChangeFeed> Feed() override {
    return NewFeed(shared_->pool.options(), shared_->events);
  }

  Status Ping() override {
    auto transaction = Begin(Mode::kRead);
    if (!transaction) return transaction.error();
    const schema::Schema* schema = shared_->catalog.Entity("workspaces");
    const auto found = (*transaction)->SelectBy(*schema, "name", "default", Rows::kLive);
    return found ? Ok() : Status(found.error());
  }

  std::string Version() const override {
    auto loan = shared_->pool.Take();
    if (!loan) return "";
    const int version = loan->connection->server_version();
    shared_->pool.Give(std::move(loan->connection));
    constexpr int kMajor = 10000;
    return fmt::format("{}.{}", version / kMajor, version % kMajor);
  }

 private:
  static Result<std::vector<int64_t>> CountOn(Connection& connection,
                                              const std::vector<UsageCount>& counts) {
    std::vector<UsageCount> added;
    std::copy_if(counts.begin(), counts.end(), std::back_inserter(added),
                 [](const UsageCount& count) { return count.amount != 0; });
    if (!added.empty()) {
      UsageStatement add = AddUsage(added);
      connection.Queue(add.text, std::move(add.values));
    }
    const UsageStatement read = ReadUsage(counts);
    const auto answer = connection.Query(read.text, read.values);
    if (!answer) return answer.error();
    std::vector<int64_t> values;
    for (int i = 0; i < answer->size(); ++i)
      values.push_back(std::strtoll(std::string(answer->Text(i, 0)).c_str(), nullptr, 10));
    return values;
  }

  std::shared_ptr<Shared> shared_;
};

}  // namespace

Json DecodeRow(const Statements& statements, const Answer& answer, int row) {
  return statements.DecodeRow([&](size_t i) -> Json {
    const int column = static_cast<int>(i);
    if (answer.IsNull(row, column)) return nullptr;
    return sql::DecodeText(*statements.selected()[i], answer.Text(row, column));
  });
}

Shared::Shared(StoreOptions options, const entity::Catalog& its_catalog)
    : catalog(its_catalog),
      pool(std::move(options.server)),
      copy(options.copy ? std::make_unique<Copy>(*std::move(options.copy), options.newest_write)
                        : nullptr),
      clock(options.clock ? options.clock : std::function<double()>(NowWithMillis)),
      events(std::move(options.events)) {
  if (events.node_id.empty()) events.node_id = NewUuid();
  for (const schema::Schema* schema : catalog.entities()) {
    if (!sql::IsStored(*schema)) continue;
    statements.emplace(schema->name(), std::make_unique<Statements>(Dialect::kPostgres, *schema));
  }
}

const Statements* Shared::Find(const schema::Schema& schema) const {
  const auto found = statements.find(schema.name());
  return found == statements.end() ? nullptr : found->second.get();
}

std::unique_ptr<Store> Open(StoreOptions options, const entity::Catalog& catalog) {
  return std::make_unique<PostgresStore>(std::make_shared<Shared>(std::move(options), catalog));
}

}  // namespace silverback::store::postgres
