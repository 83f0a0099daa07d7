#include "store/postgres/feed.h"

#include <gtest/gtest.h>

#include <thread>

#include "store/postgres/postgres_store.h"
#include "store/postgres/test_server.h"
#include "store/store_test_util.h"

namespace silverback::store::postgres {
namespace {

using std::chrono::milliseconds;

constexpr char kNode[] = "00000000-0000-4000-8000-00000000000a";
const auto kPatient = [] { return false; };

class FeedTest : public testing::Test {
 protected:
  void SetUp() override {
    server_ = TestDatabase();
    Open();
    store_ = postgres::Open({.server = server_, .events = {}, .clock = {}}, TestCatalog());
    dao_ = std::make_unique<Dao>(TestCatalog(), *store_, nullptr);
    ASSERT_TRUE(dao_->WorkspaceId());
    connection_ = *Connection::Open(server_);
  }

  void Open() { feed_ = NewFeed(server_, {.node_id = kNode}); }

  ChangeFeed::Batch Next(int at_most_ms = 0) {
    auto batch = feed_->Next(position_, milliseconds(at_most_ms), kPatient);
    EXPECT_TRUE(batch) << batch.error().message();
    if (!batch) return {};
    position_ = batch->position;
    return *batch;
  }

  std::vector<std::string> Data(int at_most_ms = 0) {
    std::vector<std::string> data;
    for (const ClusterEvent& event : Next(at_most_ms).events) data.push_back(event.data);
    return data;
  }

  // As a Kong node does: a row of its own, without NOTIFY.
  void KongTells(const std::string& channel, const std::string& data) {
    const Status done = connection_->Script(
        "INSERT INTO cluster_events (id, node_id, at, nbf, expire_at, channel, data) VALUES "
        "(gen_random_uuid(), gen_random_uuid(), CURRENT_TIMESTAMP(3) AT TIME ZONE 'UTC', NULL, "
        "CURRENT_TIMESTAMP(3) AT TIME ZONE 'UTC' + INTERVAL '3600 second', '" +
        channel + "', '" + data + "')");
    ASSERT_TRUE(done) << done.error().message();
  }

  Options server_;
  std::unique_ptr<ChangeFeed> feed_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Dao> dao_;
  std::unique_ptr<Connection> connection_;
  std::string position_;
};

using Lines = std::vector<std::string>;

TEST_F(FeedTest, BeginsWithAGap) {
  EXPECT_TRUE(Next().gap);
  EXPECT_FALSE(Next().gap);
  Open();
  EXPECT_FALSE(Next().gap);
  position_ = "nonsense";
  EXPECT_TRUE(Next().gap);
}

TEST_F(FeedTest, AWriteWakesTheOthers) {
  Next();
  std::thread writer([&] {
    std::this_thread::sleep_for(milliseconds(50));
    EXPECT_TRUE(dao_->Insert("services", {{"name", "s"}, {"host", "h.test"}}));
  });
  const auto start = std::chrono::steady_clock::now();
  const auto batch = Next(10000);
  writer.join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  ASSERT_EQ(batch.events.size(), 1u);
  EXPECT_EQ(batch.events[0].channel, "invalidations");
  EXPECT_EQ(batch.events[0].data.find("services:"), 0u);
}

TEST_F(FeedTest, GivesWhatIsNotHeededAgain) {
  Next();
  KongTells("invalidations", "one");
  const auto batch = feed_->Next(position_, milliseconds(0), kPatient);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->events.size(), 1u);
  EXPECT_EQ(Data(), (Lines{"one"}));  // the position was not moved
  EXPECT_EQ(Data(), Lines());
  KongTells("invalidations", "two");
  Open();  // another process goes on; it may see the last ones once more
  const Lines after = Data();
  EXPECT_EQ(after.back(), "two");
}

// The later of two transactions commits first: the earlier one is not lost, though its time lies
// before that of the last look.
TEST_F(FeedTest, LateCommitsAreNotLost) {
  Next();
  auto slow = *Connection::Open(server_);
  ASSERT_TRUE(
      slow->Script("BEGIN; INSERT INTO cluster_events VALUES (gen_random_uuid(), "
                   "gen_random_uuid(), now(), NULL, now() + interval '1 hour', "
                   "'invalidations', 'slow')"));
  for (int i = 0; i < 3; ++i) {
    KongTells("invalidations", "quick" + std::to_string(i));
    EXPECT_EQ(Data(), (Lines{"quick" + std::to_string(i)}));
  }
  ASSERT_TRUE(slow->Script("COMMIT"));
  EXPECT_EQ(Data(), (Lines{"slow"}));
  EXPECT_EQ(Data(), Lines());
}

TEST_F(FeedTest, SaysSoWhenItWasAwayForTooLong) {
  Next();
  Json position = Json::parse(position_);
  position["at"] = position["at"].get<double>() - 3000;
  position_ = position.dump();
  EXPECT_FALSE(Next().gap);
  position["at"] = position["at"].get<double>() - 1000;
  position_ = position.dump();
  EXPECT_TRUE(Next().gap);
  position = Json::parse(position_);
  position["server"] = "another";
  position_ = position.dump();
  EXPECT_TRUE(Next().gap);
}

TEST_F(FeedTest, AnEventForLaterComesAgain) {
  Next();
  ASSERT_TRUE(connection_->Script(
      "INSERT INTO cluster_events VALUES (gen_random_uuid(), gen_random_uuid(), now(), now() + "
      "interval '0.3 second', now() + interval '1 hour', 'invalidations', 'later')"));
  EXPECT_EQ(Data(), (Lines{"later"}));
  EXPECT_EQ(Data(5000), (Lines{"later"}));
}

TEST_F(FeedTest, OldEventsAreRemoved) {
  Next();
  ASSERT_TRUE(connection_->Script("TRUNCATE cluster_events"));
  KongTells("invalidations", "kept");
  ASSERT_TRUE(connection_->Script(
      "INSERT INTO cluster_events VALUES (gen_random_uuid(), gen_random_uuid(), now() - interval "
      "'2 hours', NULL, now() - interval '1 hour', 'invalidations', 'old')"));
  ASSERT_TRUE(feed_->Clean());
  EXPECT_EQ((*connection_->Query("SELECT data FROM cluster_events")).Text(0, 0), "kept");
}

TEST_F(FeedTest, ComesBackAfterTheSessionIsKilled) {
  Next();
  ASSERT_TRUE(
      connection_->Query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                         "WHERE pid <> pg_backend_pid() AND usename = current_user"));
  KongTells("invalidations", "meanwhile");
  EXPECT_FALSE(feed_->Next(position_, milliseconds(1000), kPatient));
  EXPECT_EQ(Data(), (Lines{"meanwhile"}));
  // The store's connections are gone as well: nobody notices.
  EXPECT_TRUE(dao_->Insert("services", {{"name", "s"}, {"host", "h.test"}}));
}

// What Kong nodes select by.
TEST_F(FeedTest, RowsHaveKongsForm) {
  ASSERT_TRUE(connection_->Script("TRUNCATE cluster_events"));
  store_ = postgres::Open(
      {.server = server_, .events = {.node_id = kNode, .propagation_s = 2}, .clock = {}},
      TestCatalog());
  Dao dao(TestCatalog(), *store_, nullptr);
  ASSERT_TRUE(dao.Insert("upstreams", {{"name", "u"}}));
  const auto rows = connection_->Query(
      "SELECT channel, node_id, EXTRACT(EPOCH FROM nbf - at)::int, "
      "EXTRACT(EPOCH FROM expire_at - at)::int, abs(EXTRACT(EPOCH FROM now() - at))::int "
      "FROM cluster_events ORDER BY channel");
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2);
  EXPECT_EQ(rows->Text(0, 0), "balancer:upstreams");
  EXPECT_EQ(rows->Text(1, 0), "invalidations");
  EXPECT_EQ(rows->Text(1, 1), kNode);
  EXPECT_EQ(rows->Text(1, 2), "2");
  EXPECT_EQ(rows->Text(1, 3), "3600");
  EXPECT_EQ(rows->Text(1, 4), "0");
}

}  // namespace
}  // namespace silverback::store::postgres
