#include "replica/replica.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace silverback::replica {
namespace {

class ReplicaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char folder[] = "/tmp/replica-test-XXXXXX";
    path_ = mkdtemp(folder);
    auto catalog = entity::Catalog::Create({"key-auth", "acl"});
    ASSERT_TRUE(catalog) << catalog.error().message();
    catalog_ = std::move(*catalog);
    Open();
  }
  void TearDown() override {
    replica_.reset();
    std::filesystem::remove_all(path_);
  }
  void Open() {
    replica_.reset();
    auto replica = Replica::Open(*catalog_, {.path = path_, .map_size = size_t{1} << 28});
    ASSERT_TRUE(replica) << replica.error().message();
    replica_ = std::move(*replica);
  }
  const schema::Schema& Entity(std::string_view name) { return *catalog_->Entity(name); }
  Put Consumer(const std::string& id, const std::string& username) {
    return {&Entity("consumers"), id, Json{{"id", id}, {"username", username}}};
  }
  Put Key(const std::string& id, const std::string& key, const std::string& consumer) {
    return {&Entity("keyauth_credentials"), id,
            Json{{"id", id}, {"key", key}, {"consumer", {{"id", consumer}}}}};
  }
  Status Rows(const std::vector<Put>& puts,
              const std::function<Status(const schema::Schema&, const Json&)>& row) {
    for (const Put& put : puts) {
      if (auto done = row(*put.schema, *put.row); !done) return done;
    }
    return Ok();
  }

  std::string path_;
  std::unique_ptr<entity::Catalog> catalog_;
  std::unique_ptr<Replica> replica_;
};

TEST_F(ReplicaTest, FindsRowsByKeyUniqueFieldAndForeignField) {
  ASSERT_TRUE(replica_->Apply(
      {Consumer("c1", "ann"), Key("k1", "secret", "c1"), Key("k2", "other", "c1")}));
  const auto read = replica_->Read();
  EXPECT_EQ(StringMember(*read->Find(Entity("consumers"), "c1"), "username"), "ann");
  EXPECT_EQ(StringMember(*read->FindUnique(Entity("consumers"), "username", "ann"), "id"), "c1");
  EXPECT_EQ(StringMember(*read->FindUnique(Entity("keyauth_credentials"), "key", "other"), "id"),
            "k2");
  EXPECT_EQ(read->FindFor(Entity("keyauth_credentials"), "consumer", "c1").size(), 2u);
  EXPECT_FALSE(read->FindUnique(Entity("consumers"), "username", "bob"));
}

TEST_F(ReplicaTest, ARenamedRowIsFoundByItsNewNameOnly) {
  ASSERT_TRUE(replica_->Apply({Consumer("c1", "ann")}));
  ASSERT_TRUE(replica_->Apply({Consumer("c1", "eve")}));
  const auto read = replica_->Read();
  EXPECT_FALSE(read->FindUnique(Entity("consumers"), "username", "ann"));
  EXPECT_TRUE(read->FindUnique(Entity("consumers"), "username", "eve"));
}

// Only what finds a row decides whether the look-ups are written again.
TEST_F(ReplicaTest, ChangesOfAnyMemberAreFoundByTheRightValues) {
  const Json rows[] = {
      {{"id", "k1"},
       {"key", "one"},
       {"consumer", {{"id", "c1"}}},
       {"tags", {"a", "}\",\"key\":\"x"}}},
      {{"id", "k1"}, {"key", "one"}, {"consumer", {{"id", "c1"}}}, {"tags", nullptr}},
      {{"id", "k1"}, {"key", "one"}, {"consumer", {{"id", "c2"}}}, {"tags", nullptr}},
      {{"id", "k1"}, {"key", "two, \"three\""}, {"consumer", {{"id", "c2"}}}, {"tags", nullptr}},
      {{"id", "k1"}, {"key", "two, \"three\""}, {"consumer", {{"id", "c2"}}}},
      {{"id", "k1"}, {"key", "one"}, {"consumer", nullptr}},
  };
  for (const Json& row : rows) {
    ASSERT_TRUE(replica_->Apply({{&Entity("keyauth_credentials"), "k1", row}}));
    const auto read = replica_->Read();
    EXPECT_EQ(read->Find(Entity("keyauth_credentials"), "k1"), row);
    for (const std::string key : {"one", "two, \"three\"", "x"})
      EXPECT_EQ(read->FindUnique(Entity("keyauth_credentials"), "key", key).has_value(),
                row["key"] == key)
          << row;
    for (const std::string id : {"c1", "c2"})
      EXPECT_EQ(read->FindFor(Entity("keyauth_credentials"), "consumer", id).size(),
                ForeignId(row, "consumer") == id ? 1u : 0u)
          << row;
  }
}

TEST_F(ReplicaTest, SwappedNamesOfTwoRowsInOneStepAreBothFound) {
  ASSERT_TRUE(replica_->Apply({Consumer("c1", "ann"), Consumer("c2", "bob")}));
  ASSERT_TRUE(replica_->Apply({Consumer("c1", "bob"), Consumer("c2", "ann")}));
  const auto read = replica_->Read();
  EXPECT_EQ(StringMember(*read->FindUnique(Entity("consumers"), "username", "ann"), "id"), "c2");
  EXPECT_EQ(StringMember(*read->FindUnique(Entity("consumers"), "username", "bob"), "id"), "c1");
}

TEST_F(ReplicaTest, OfRowsThatShareAUniqueValueTheLastIsFound) {
  const auto synchronise = [&](std::vector<Put> puts) {
    ASSERT_TRUE(replica_->Synchronise([&](const auto& row) { return Rows(puts, row); }));
  };
  const auto owner = [&] {
    const auto row = replica_->Read()->FindUnique(Entity("consumers"), "username", "ann");
    return row ? StringMember(*row, "id") : "";
  };
  synchronise({Consumer("c2", "ann"), Consumer("c1", "ann")});
  EXPECT_EQ(owner(), "c1");
  synchronise({Consumer("c1", "ann"), Consumer("c2", "ann")});
  EXPECT_EQ(owner(), "c2");
  synchronise({Consumer("c1", "ann")});
  EXPECT_EQ(owner(), "c1");
  synchronise({Consumer("c1", "eve")});
  EXPECT_EQ(owner(), "");
}

TEST_F(ReplicaTest, ListsFromAnyKeyOn) {
  ASSERT_TRUE(replica_->Apply({Consumer("c1", "a"), Consumer("c2", "b"), Consumer("c3", "c"),
                               Key("k1", "x", "c1"), Key("k2", "y", "c1"), Key("k3", "z", "c2")}));
  const auto read = replica_->Read();
  std::vector<std::string> keys;
  const auto collect = [&](std::string_view key, std::string_view) {
    keys.emplace_back(key);
    return true;
  };
  read->Each(Entity("consumers"), collect, "c2");
  EXPECT_EQ(keys, (std::vector<std::string>{"c2", "c3"}));
  keys.clear();
  read->EachFor(Entity("keyauth_credentials"), "consumer", "c1", collect);
  read->EachFor(Entity("keyauth_credentials"), "consumer", "c1", collect, "k2");
  EXPECT_EQ(keys, (std::vector<std::string>{"k1", "k2", "k2"}));
}

TEST_F(ReplicaTest, GenerationAndVersionsMoveOnlyWithChanges) {
  const auto first = replica_->Apply({Consumer("c1", "ann")});
  const auto same = replica_->Apply({Consumer("c1", "ann")});
  EXPECT_EQ(*first, *same);
  const auto second = replica_->Apply({Key("k1", "secret", "c1")});
  EXPECT_EQ(*second, *first + 1);
  const auto read = replica_->Read();
  EXPECT_EQ(read->version(catalog_->KindIndex("consumers")), *first);
  EXPECT_EQ(read->version(catalog_->KindIndex("keyauth_credentials")), *second);
  const auto changed = read->ChangedSince(*first);
  ASSERT_TRUE(changed);
  ASSERT_EQ(changed->size(), 1u);
  EXPECT_EQ(changed->front().primary_key, "k1");
}

TEST_F(ReplicaTest, AReaderKeepsItsStateWhileOthersWrite) {
  ASSERT_TRUE(replica_->Apply({Consumer("c1", "ann")}));
  const auto read = replica_->Read();
  ASSERT_TRUE(replica_->Apply({Put{&Entity("consumers"), "c1", std::nullopt}}));
  EXPECT_TRUE(read->Find(Entity("consumers"), "c1"));
  EXPECT_FALSE(replica_->Read()->Find(Entity("consumers"), "c1"));
}

TEST_F(ReplicaTest, SynchroniseChangesOnlyWhatDiffersAndDeletesWhatIsGone) {
  ASSERT_TRUE(
      replica_->Apply({Consumer("c1", "ann"), Consumer("c2", "bob"), Key("k1", "secret", "c2")}));
  const std::vector<Put> rows = {Consumer("c1", "ann"), Consumer("c3", "joe")};
  const auto changed = replica_->Synchronise([&](const auto& row) { return Rows(rows, row); });
  ASSERT_TRUE(changed);
  EXPECT_EQ(*changed, 3u);
  EXPECT_TRUE(replica_->synchronised());
  const auto read = replica_->Read();
  EXPECT_EQ(read->Count(Entity("consumers")), 2u);
  EXPECT_EQ(read->FindFor(Entity("keyauth_credentials"), "consumer", "c2").size(), 0u);
}

TEST_F(ReplicaTest, AFailedSynchronisationChangesNothing) {
  ASSERT_TRUE(replica_->Apply({Consumer("c1", "ann")}));
  const auto failed = replica_->Synchronise(
      [](const auto&) -> Status { return Error(ErrorCode::kUnavailable, "the store went away"); });
  EXPECT_FALSE(failed);
  EXPECT_TRUE(replica_->Read()->Find(Entity("consumers"), "c1"));
  EXPECT_FALSE(replica_->synchronised());
}

TEST_F(ReplicaTest, FetchDecidesUnderTheLockAndItsFailureKeepsTheRow) {
  const auto newer = [](const schema::Schema&, std::string_view id) -> Result<std::optional<Json>> {
    return std::optional<Json>(Json{{"id", std::string(id)}, {"username", "newest"}});
  };
  ASSERT_TRUE(replica_->Apply({Consumer("c1", "ann")}, newer));
  EXPECT_TRUE(replica_->Read()->FindUnique(Entity("consumers"), "username", "newest"));
  const auto broken = [](const schema::Schema&, std::string_view) -> Result<std::optional<Json>> {
    return Error(ErrorCode::kUnavailable, "down");
  };
  ASSERT_TRUE(replica_->Apply({Consumer("c2", "bob")}, broken));
  EXPECT_TRUE(replica_->Read()->FindUnique(Entity("consumers"), "username", "bob"));
}

TEST_F(ReplicaTest, SurvivesReopening) {
  ASSERT_TRUE(replica_->Apply({Consumer("c1", "ann")}));
  const uint64_t generation = replica_->generation();
  Open();
  EXPECT_EQ(replica_->generation(), generation);
  EXPECT_TRUE(replica_->Read()->Find(Entity("consumers"), "c1"));
}

TEST_F(ReplicaTest, LongValuesAreFoundToo) {
  const std::string name(5000, 'x');
  ASSERT_TRUE(replica_->Apply({Consumer("c1", name)}));
  EXPECT_TRUE(replica_->Read()->FindUnique(Entity("consumers"), "username", name));
}

// Enough rows for pages above the leaves, some of them with pages of their own.
TEST_F(ReplicaTest, LookupsFindWhatReadsFind) {
  const auto lookups = replica_->MakeLookups();
  ASSERT_EQ(lookups->Begin()->FindUnique(Entity("consumers"), "username", "user1"), std::nullopt);
  lookups->End();
  std::vector<Put> puts;
  for (int i = 0; i < 5000; ++i) {
    const std::string n = std::to_string(i);
    puts.push_back(Consumer("c" + n, "user" + n + std::string(i % 100 ? 0 : 6000, 'x')));
    puts.push_back(Key("k" + n, "key" + n, "c" + std::to_string(i / 3)));
  }
  ASSERT_TRUE(replica_->Apply(puts));
  const auto same = [&](std::string_view what) {
    const auto read = replica_->Read();
    const replica::ReadTransaction* quick = lookups->Begin();
    ASSERT_NE(quick, nullptr);
    for (const Put& put : puts) {
      const std::string& id = put.primary_key;
      ASSERT_EQ(quick->Find(*put.schema, id), read->Find(*put.schema, id)) << what << ' ' << id;
      const bool is_key = put.schema->name() == "keyauth_credentials";
      const char* field = is_key ? "key" : "username";
      const std::string value = StringMember(*put.row, field);
      ASSERT_EQ(quick->FindUnique(*put.schema, field, value),
                read->FindUnique(*put.schema, field, value));
      ASSERT_EQ(quick->Find(*put.schema, id + "0"), read->Find(*put.schema, id + "0"));
    }
    for (const std::string id : {"c0", "c1", "c1665", "c1666", "c1667", "", "d"}) {
      ASSERT_EQ(quick->FindFor(Entity("keyauth_credentials"), "consumer", id),
                read->FindFor(Entity("keyauth_credentials"), "consumer", id));
    }
    ASSERT_EQ(quick->Count(Entity("consumers")), read->Count(Entity("consumers")));
    ASSERT_EQ(quick->generation(), read->generation());
    lookups->End();
  };
  same("all");
  std::vector<Put> changes;
  for (int i = 0; i < 5000; i += 7)
    changes.push_back(Put{&Entity("consumers"), "c" + std::to_string(i), std::nullopt});
  ASSERT_TRUE(replica_->Apply(changes));
  same("without some");
}

TEST_F(ReplicaTest, LookupsKeepTheirMoment) {
  ASSERT_TRUE(replica_->Apply({Consumer("c1", "ann")}));
  const auto lookups = replica_->MakeLookups();
  const replica::ReadTransaction* before = lookups->Begin();
  for (int i = 0; i < 300; ++i)
    ASSERT_TRUE(replica_->Apply({Consumer("c1", "n" + std::to_string(i))}));
  EXPECT_TRUE(before->FindUnique(Entity("consumers"), "username", "ann"));
  lookups->End();
  EXPECT_TRUE(lookups->Begin()->FindUnique(Entity("consumers"), "username", "n299"));
  lookups->End();
}

TEST_F(ReplicaTest, FallingTooFarBehindMeansReadingEverything) {
  const uint64_t start = *replica_->Apply({Consumer("c0", "start")});
  for (int i = 0; i < 600; ++i)
    ASSERT_TRUE(replica_->Apply({Consumer("c1", "n" + std::to_string(i))}));
  const auto read = replica_->Read();
  EXPECT_FALSE(read->ChangedSince(start));
  EXPECT_TRUE(read->ChangedSince(read->generation() - 10));
}

}  // namespace
}  // namespace silverback::replica
