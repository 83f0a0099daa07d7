#include "store/postgres/copy.h"

#include <gtest/gtest.h>

#include "store/postgres/postgres_store.h"
#include "store/postgres/test_server.h"
#include "store/store_test_util.h"

namespace silverback::store::postgres {
namespace {

// A server that no write goes to: a schema of its own, whose table is only in it.
Options OtherServer() {
  Options other = EmptyTestDatabase("copy");
  const auto connection = Connection::Open(other);
  EXPECT_TRUE(connection && (*connection)->Script("CREATE TABLE only_here (a int)"));
  return other;
}

TEST(Copy, IsReadFromUntilItIsAway) {
  Copy copy(OtherServer(), nullptr);
  for (int i = 0; i < 2; ++i) {
    auto loan = copy.Take();
    ASSERT_TRUE(loan);
    EXPECT_EQ(loan->used_before, i > 0);
    EXPECT_TRUE(loan->connection->Query("SELECT a FROM only_here"));
    copy.pool().Give(std::move(loan->connection));
  }
}

TEST(Copy, ADeadConnectionIsReplaced) {
  Copy copy(OtherServer(), nullptr);
  auto loan = copy.Take();
  ASSERT_TRUE(loan);
  const auto pid = loan->connection->Query("SELECT pg_backend_pid()");
  ASSERT_TRUE(pid);
  copy.pool().Give(std::move(loan->connection));
  const auto killer = Connection::Open(TestDatabase());
  ASSERT_TRUE(
      (*killer)->Query("SELECT pg_terminate_backend(" + std::string(pid->Text(0, 0)) + ", 5000)"));
  loan = copy.Take();
  ASSERT_TRUE(loan);
  EXPECT_TRUE(loan->connection->Query("SELECT a FROM only_here"));
  copy.pool().Give(std::move(loan->connection));
}

TEST(Copy, AnotherServerIsReadWhileItIsAway) {
  Options away = TestDatabase();
  away.port = "1";
  std::atomic<uint64_t> newest_write{0};
  const auto store = Open({.server = TestDatabase(),
                           .copy = away,
                           .newest_write = &newest_write,
                           .events = {},
                           .clock = {}},
                          TestCatalog());
  Dao dao(TestCatalog(), *store, nullptr);
  const schema::Schema* consumers = TestCatalog().Entity("consumers");
  const auto made = dao.Insert("consumers", {{"username", "ann"}});
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_GT(newest_write.load(), 0u);
  for (int i = 0; i < 2; ++i) {
    const auto read = store->Begin(Store::Mode::kReadCopy);
    ASSERT_TRUE(read);
    const auto found = (*read)->SelectBy(*consumers, "username", "ann");
    EXPECT_TRUE(found && *found);
  }
}

}  // namespace
}  // namespace silverback::store::postgres
