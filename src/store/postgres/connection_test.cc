#include "store/postgres/connection.h"

#include <gtest/gtest.h>

#include "store/postgres/copy_row.h"
#include "store/postgres/pool.h"
#include "store/postgres/postgres_store.h"
#include "store/postgres/test_server.h"
#include "store/store_test_util.h"

namespace silverback::store::postgres {
namespace {

using sql::Value;

std::unique_ptr<Connection> MustOpen(const Options& options) {
  auto connection = Connection::Open(options);
  EXPECT_TRUE(connection) << connection.error().message();
  return connection ? *std::move(connection) : nullptr;
}

TEST(Connection, QueuedStatementsRunFirst) {
  const auto connection = MustOpen(EmptyTestDatabase("connection"));
  connection->Queue("BEGIN");
  connection->Queue("CREATE TABLE t (a int)");
  auto answer =
      connection->Query("INSERT INTO t VALUES ($1), ($2)", {Value::Integer(1), Value::Null()});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->affected(), 2u);
  EXPECT_TRUE(connection->in_transaction());
  connection->Send("COMMIT");
  answer = connection->Query("SELECT a FROM t ORDER BY a");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->Text(0, 0), "1");
  EXPECT_TRUE(answer->IsNull(1, 0));
}

TEST(Connection, ErrorsLeaveItInOrder) {
  const auto connection = MustOpen(EmptyTestDatabase("connection"));
  for (int i = 0; i < 2; ++i) {
    connection->Queue("SELECT nothing");
    const auto answer = connection->Query("SELECT 1");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), ErrorCode::kDatabaseError);
    EXPECT_EQ(answer.error().message(), "ERROR: column \"nothing\" does not exist");
    EXPECT_EQ(StringMember(answer.error().fields(), "sqlstate"), "42703");
    EXPECT_TRUE(connection->Query("SELECT 1"));
  }
  EXPECT_FALSE(connection->Query("SELECT $1", {Value::Text(std::string("a\0b", 3))}));
  EXPECT_TRUE(connection->Query("SELECT 1"));
  EXPECT_FALSE(connection->broken());
}

TEST(Connection, ManyStatementsAreForgottenAgain) {
  const auto connection = MustOpen(EmptyTestDatabase("connection"));
  for (int i = 0; i < 700; ++i) {
    const auto answer = connection->Query("SELECT " + std::to_string(i));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->Text(0, 0), std::to_string(i));
  }
  EXPECT_LT(std::stoi(std::string(
                connection->Query("SELECT count(*) FROM pg_prepared_statements")->Text(0, 0))),
            350);
}

TEST(Connection, TheServerGivesUpOnASlowStatement) {
  Options options = EmptyTestDatabase("connection");
  options.timeout_ms = 200;
  const auto connection = MustOpen(options);
  const auto start = std::chrono::steady_clock::now();
  const auto answer = connection->Query("SELECT pg_sleep(10)");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kUnavailable);
  EXPECT_FALSE(connection->broken());
  EXPECT_TRUE(connection->Query("SELECT 1"));
}

TEST(Connection, CannotConnect) {
  Options options = EmptyTestDatabase("connection");
  options.port = "1";
  auto connection = Connection::Open(options);
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(connection.error().message(), "connection refused");
  options = EmptyTestDatabase("connection");
  options.database = "none";
  connection = Connection::Open(options);
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().message(), "FATAL: database \"none\" does not exist");
  options.ssl = options.ssl_verify = true;  // which this server does not have
  connection = Connection::Open(options);
  ASSERT_FALSE(connection);
}

TEST(Connection, CopiesRows) {
  const auto connection = MustOpen(EmptyTestDatabase("connection"));
  std::vector<std::string> lines;
  const Status done = connection->CopyOut(
      "COPY (SELECT i, CASE WHEN i > 1 THEN E'a\\tb\\nc\\\\' END FROM generate_series(1, 3) AS i) "
      "TO STDOUT",
      [&](std::string_view line) -> Status {
        CopyRow row;
        EXPECT_TRUE(row.Parse(line));
        EXPECT_EQ(row.size(), 2u);
        lines.push_back(std::string(*row[0]) + "=" + std::string(row[1].value_or("NULL")));
        return Ok();
      });
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(lines, (std::vector<std::string>{"1=NULL", "2=a\tb\nc\\", "3=a\tb\nc\\"}));
  EXPECT_TRUE(connection->Query("SELECT 1"));
  EXPECT_FALSE(connection->CopyOut("COPY nothing TO STDOUT", [](auto) { return Ok(); }));
  EXPECT_TRUE(connection->Query("SELECT 1"));
}

TEST(Pool, LimitsWhatRunsAtOnce) {
  Options options = EmptyTestDatabase("connection");
  options.max_concurrent_queries = 1;
  options.semaphore_timeout_ms = 50;
  Pool pool(options);
  auto one = pool.Take();
  ASSERT_TRUE(one);
  const auto two = pool.Take();
  ASSERT_FALSE(two);
  EXPECT_EQ(two.error().message(), "error acquiring query semaphore: timeout");
  pool.Give(std::move(one->connection));
  one = pool.Take();
  ASSERT_TRUE(one);
  EXPECT_TRUE(one->used_before);
  pool.Give(std::move(one->connection));
}

TEST(PostgresStore, EachRowComesOnceAndInOrder) {
  const auto store = Open({.server = TestDatabase(), .events = {}, .clock = {}}, TestCatalog());
  Dao dao(TestCatalog(), *store, nullptr);
  for (int i = 0; i < 20; ++i) {
    const auto made = dao.Insert(
        "consumers", {{"username", "a\tb\\c" + std::to_string(i)}, {"tags", {"x", "y-z"}}});
    ASSERT_TRUE(made) << made.error().message();
  }
  auto transaction = store->Begin(Store::Mode::kRead);
  ASSERT_TRUE(transaction);
  const schema::Schema& consumers = *TestCatalog().Entity("consumers");
  const auto page = (*transaction)->Page(consumers, PageRequest());
  ASSERT_TRUE(page) << page.error().message();
  std::vector<Json> rows;
  const Status done = (*transaction)->Each(consumers, [&](const Json& row) {
    rows.push_back(row);
    return Ok();
  });
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(rows, page->rows);
  EXPECT_EQ(rows.size(), 20u);
}

}  // namespace
}  // namespace silverback::store::postgres
