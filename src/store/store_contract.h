// The contract of stores as a parametrised test suite: every store runs it by instantiating
// StoreContract with a factory (see memory_store_test.cc). It exercises the store through the Dao
// as the Admin API does, and directly where the Dao hides what matters. One file of a test binary
// includes it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "store/dao.h"
#include "store/store.h"
#include "store/store_test_util.h"
#include "util/string_util.h"

namespace silverback::store {

struct StoreFactory {
  std::string name;
  // A store without rows whose clock reads `*now`.
  std::function<std::unique_ptr<Store>(std::shared_ptr<std::atomic<double>> now)> make;
};

class StoreContract : public testing::TestWithParam<StoreFactory> {
 protected:
  void SetUp() override {
    now_ = std::make_shared<std::atomic<double>>(NowWithMillis());
    store_ = GetParam().make(now_);
    ASSERT_TRUE(store_);
    dao_ = std::make_unique<Dao>(TestCatalog(), *store_, &sink_);
  }

  Json Make(std::string_view entity, Json input) {
    auto row = dao_->Insert(entity, std::move(input));
    EXPECT_TRUE(row) << row.error().message();
    return row ? *std::move(row) : Json();
  }
  Json Get(std::string_view entity, const Json& row) {
    auto found = dao_->Select(entity, {"", row["id"]});
    EXPECT_TRUE(found) << found.error().message();
    return found && *found ? **found : Json();
  }
  static Json Ref(const Json& row) { return {{"id", row["id"]}}; }

  std::shared_ptr<std::atomic<double>> now_;
  std::unique_ptr<Store> store_;
  CollectingSink sink_;
  std::unique_ptr<Dao> dao_;
};

TEST_P(StoreContract, KeepsEveryKindOfValue) {
  const Json service = Make("services", {{"name", "s"},
                                         {"host", "h.test"},
                                         {"tls_verify", nullptr},
                                         {"tags", {"a", "b\"c\\d{}"}},
                                         {"enabled", false}});
  const Json route =
      Make("routes", {{"name", "r"},
                      {"service", Ref(service)},
                      {"protocols", {"tcp"}},
                      {"sources", {{{"ip", "10.0.0.0/8"}, {"port", 1}}, {{"port", 2}}}},
                      {"snis", nullptr}});
  const Json other = Make("routes", {{"paths", {"/ü", "/a"}}, {"headers", {{"x", {"1", "2"}}}}});
  const Json plugin = Make(
      "plugins", {{"name", "rate-limiting"}, {"config", {{"minute", 5}, {"policy", "local"}}}});
  const Json upstream = Make("upstreams", {{"name", "u.test"}, {"slots", 100}});
  const Json target = Make("targets", {{"target", "::1"}, {"upstream", Ref(upstream)}});
  EXPECT_EQ(Get("services", service), service);
  EXPECT_EQ(Get("routes", route), route);
  EXPECT_EQ(Get("routes", other), other);
  EXPECT_EQ(Get("plugins", plugin), plugin);
  EXPECT_EQ(Get("upstreams", upstream), upstream);
  EXPECT_EQ(Get("targets", target), target);
  EXPECT_EQ(target["target"], "[0000:0000:0000:0000:0000:0000:0000:0001]:8000");
  EXPECT_EQ(route["service"], Ref(service));
  EXPECT_FALSE(service.contains("ws_id"));
}

TEST_P(StoreContract, ExplicitNullStaysNull) {
  const Json service = Make("services", {{"host", "h.test"}, {"retries", nullptr}});
  EXPECT_TRUE(service["retries"].is_null());
  EXPECT_TRUE(Get("services", service)["retries"].is_null());
}

TEST_P(StoreContract, RefusesDuplicates) {
  const Json service = Make("services", {{"name", "s"}, {"host", "h.test"}});
  auto again = dao_->Insert("services", {{"name", "s"}, {"host", "h.test"}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::kUniqueViolation);
  EXPECT_EQ(again.error().message(), "UNIQUE violation detected on '{name=\"s\"}'");
  EXPECT_EQ(again.error().fields(), (Json{{"name", "s"}}));
  again = dao_->Insert("services", {{"id", service["id"]}, {"host", "h.test"}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::kPrimaryKeyViolation);
  EXPECT_EQ(again.error().fields(), Ref(service));
  again = dao_->Insert("services", {{"id", service["id"]}, {"name", "s"}, {"host", "h.test"}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::kPrimaryKeyViolation);
  Make("services", {{"name", "t"}, {"host", "h.test"}});
  again = dao_->Update("services", {"name", "t"}, {{"name", "s"}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::kUniqueViolation);
  Make("services", {{"host", "h.test"}});
  Make("services", {{"host", "h.test"}});  // any number without a name
  Make("consumers", {{"username", "ann"}, {"custom_id", "1"}});
  again = dao_->Insert("consumers", {{"username", "ann"}, {"custom_id", "1"}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().fields(), (Json{{"username", "ann"}}));  // the first of them speaks
}

TEST_P(StoreContract, CompositeKeysAreUnique) {
  const Json service = Make("services", {{"host", "h.test"}});
  Make("plugins", {{"name", "key-auth"}});
  Make("plugins", {{"name", "key-auth"}, {"service", Ref(service)}});
  auto again = dao_->Insert("plugins", {{"name", "key-auth"}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::kUniqueViolation);
  EXPECT_EQ(again.error().message(),
            "UNIQUE violation detected on "
            "'{consumer=null,name=\"key-auth\",route=null,service=null}'");
  again = dao_->Insert("plugins", {{"name", "key-auth"}, {"service", Ref(service)}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().fields()["service"], Ref(service));
  const Json consumer = Make("consumers", {{"username", "c"}});
  Make("acls", {{"group", "g"}, {"consumer", Ref(consumer)}});
  again = dao_->Insert("acls", {{"group", "g"}, {"consumer", Ref(consumer)}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().fields(), (Json{{"group", "g"}, {"consumer", Ref(consumer)}}));
}

TEST_P(StoreContract, ForeignKeysMustExist) {
  const std::string id = "00000000-0000-4000-8000-000000000001";
  auto row = dao_->Insert("routes", {{"paths", {"/"}}, {"service", {{"id", id}}}});
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().code(), ErrorCode::kForeignKeyViolation);
  EXPECT_EQ(row.error().message(), "the foreign key '{id=\"" + id +
                                       "\"}' does not reference an existing 'services' entity.");
  EXPECT_EQ(row.error().fields(), (Json{{"service", {{"id", id}}}}));
  auto page = dao_->List("routes", {});
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->rows.empty());
}

TEST_P(StoreContract, ForeignKeysMayBeNames) {
  const Json service = Make("services", {{"name", "s"}, {"host", "h.test"}});
  const Json route = Make("routes", {{"paths", {"/"}}, {"service", {{"name", "s"}}}});
  EXPECT_EQ(route["service"], Ref(service));
  auto row = dao_->Insert("routes", {{"paths", {"/"}}, {"service", {{"name", "none"}}}});
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().code(), ErrorCode::kForeignKeysUnresolved);
  EXPECT_EQ(row.error().message(),
            "foreign key unresolved (service.name: the foreign key cannot be resolved with "
            "'{name=\"none\"}' for an existing 'services' entity)");
}

TEST_P(StoreContract, DeletesCascade) {
  const Json consumer = Make("consumers", {{"username", "c"}});
  const Json key = Make("keyauth_credentials", {{"consumer", Ref(consumer)}, {"key", "k"}});
  const Json expired =
      Make("keyauth_credentials", {{"consumer", Ref(consumer)}, {"key", "e"}, {"ttl", 1}});
  const Json plugin = Make("plugins", {{"name", "cors"}, {"consumer", nullptr}});
  const Json own =
      Make("plugins",
           {{"name", "rate-limiting"}, {"consumer", Ref(consumer)}, {"config", {{"minute", 1}}}});
  *now_ = *now_ + 100;
  sink_.all.clear();
  auto deleted = dao_->Delete("consumers", {"username", "c"});
  ASSERT_TRUE(deleted) << deleted.error().message();
  EXPECT_TRUE(*deleted);
  EXPECT_EQ(sink_.Names(),
            (std::set<std::string>{"consumers -" + consumer["id"].get<std::string>(),
                                   "keyauth_credentials -" + key["id"].get<std::string>(),
                                   "keyauth_credentials -" + expired["id"].get<std::string>(),
                                   "plugins -" + own["id"].get<std::string>()}));
  EXPECT_FALSE(Get("plugins", plugin).is_null());
  deleted = dao_->Delete("consumers", {"username", "c"});
  ASSERT_TRUE(deleted);
  EXPECT_FALSE(*deleted);
}

TEST_P(StoreContract, DeletesAreRestricted) {
  const Json service = Make("services", {{"name", "s"}, {"host", "h.test"}});
  const Json plugin = Make("plugins", {{"name", "cors"}, {"service", Ref(service)}});
  Make("routes", {{"paths", {"/"}}, {"service", Ref(service)}});
  auto deleted = dao_->Delete("services", {"name", "s"});
  ASSERT_FALSE(deleted);
  EXPECT_EQ(deleted.error().code(), ErrorCode::kForeignKeyViolation);
  EXPECT_EQ(deleted.error().message(),
            "an existing 'routes' entity references this 'services' entity");
  EXPECT_EQ(deleted.error().fields(), (Json{{"@referenced_by", "routes"}}));
  EXPECT_FALSE(Get("plugins", plugin).is_null());
}

TEST_P(StoreContract, UpdatesAndUpserts) {
  const Json service = Make("services", {{"name", "s"}, {"host", "h.test"}, {"retries", 7}});
  auto row = dao_->Update("services", {"name", "s"}, {{"port", 81}});
  ASSERT_TRUE(row) << row.error().message();
  EXPECT_EQ((*row)["port"], 81);
  EXPECT_EQ((*row)["retries"], 7);
  EXPECT_EQ((*row)["id"], service["id"]);
  EXPECT_EQ(Get("services", service), *row);
  row = dao_->Update("services", {"name", "none"}, {{"port", 81}});
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().message(), "could not find the entity with '{name=\"none\"}'");
  row = dao_->Upsert("services", {"name", "s"}, {{"host", "other.test"}, {"name", "ignored"}});
  ASSERT_TRUE(row) << row.error().message();
  EXPECT_EQ((*row)["id"], service["id"]);
  EXPECT_EQ((*row)["name"], "s");
  EXPECT_EQ((*row)["retries"], 5);
  EXPECT_EQ((*row)["created_at"], service["created_at"]);
  row = dao_->Upsert("services", {"name", "new"}, {{"host", "other.test"}});
  ASSERT_TRUE(row);
  EXPECT_NE((*row)["id"], service["id"]);
  const std::string id = "00000000-0000-4000-8000-00000000ABCD";
  row = dao_->Upsert("services", {"", id}, {{"host", "x.test"}});
  ASSERT_TRUE(row);
  EXPECT_EQ((*row)["id"], ToLower(id));
}

TEST_P(StoreContract, AnUpdateWithAnotherIdIsOneOfThatRow) {
  const Json one = Make("services", {{"name", "one"}, {"host", "h.test"}});
  const Json two = Make("services", {{"name", "two"}, {"host", "h.test"}});
  const Key key{"", one["id"].get<std::string>()};
  auto row = dao_->Update("services", key, {{"id", two["id"]}, {"port", 81}});
  ASSERT_TRUE(row) << row.error().message();
  EXPECT_EQ((*row)["name"], "two");
  EXPECT_EQ(Get("services", one)["port"], 80);
  row = dao_->Update("services", key, {{"id", "00000000-0000-4000-8000-00000000abcd"}});
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(row.error().fields(), Ref(one));
  row = dao_->Update("services", {"name", "one"}, {{"id", two["id"]}, {"port", 82}});
  ASSERT_TRUE(row);
  EXPECT_EQ((*row)["id"], one["id"]);
  row = dao_->Update("services", key, {{"id", "x"}});
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().fields(), (Json{{"id", "expected a valid UUID"}}));
}

TEST_P(StoreContract, KeysAreChecked) {
  auto row = dao_->Select("services", {"name", "bad name"});
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().code(), ErrorCode::kInvalidUnique);
  EXPECT_EQ(row.error().message(),
            "invalid value 'bad name': the only accepted ascii characters are alphanumerics or ., "
            "-, _, and ~");
  row = dao_->Select("plugins", {"", "key-auth"});
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().code(), ErrorCode::kInvalidPrimaryKey);
  EXPECT_EQ(row.error().message(), "invalid primary key: '{id=\"expected a valid UUID\"}'");
}

TEST_P(StoreContract, TimeToLive) {
  const Json consumer = Make("consumers", {{"username", "c"}});
  const auto make = [&](const char* key, Json ttl) {
    return Make("keyauth_credentials",
                {{"consumer", Ref(consumer)}, {"key", key}, {"ttl", std::move(ttl)}});
  };
  const Json brief = make("brief", 10);
  const Json lasting = make("lasting", 1000);
  const Json forever = make("forever", 0);
  EXPECT_GE(brief["ttl"], 9);
  EXPECT_LE(brief["ttl"], 10);
  EXPECT_TRUE(forever["ttl"].is_null());
  *now_ = *now_ + 20;
  EXPECT_TRUE(Get("keyauth_credentials", brief).is_null());
  EXPECT_FALSE(Get("keyauth_credentials", lasting).is_null());
  auto page = dao_->List("keyauth_credentials", {});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->rows.size(), 2u);
  // An expired key is free again; PUT takes its id up.
  auto row = dao_->Upsert("keyauth_credentials", {"key", "brief"},
                          {{"consumer", Ref(consumer)}, {"ttl", 500}});
  ASSERT_TRUE(row) << row.error().message();
  EXPECT_EQ((*row)["id"], brief["id"]);
  auto bad =
      dao_->Insert("keyauth_credentials", {{"consumer", Ref(consumer)}, {"key", "x"}, {"ttl", -1}});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code(), ErrorCode::kInvalidOptions);
  EXPECT_EQ(bad.error().message(),
            "invalid option (ttl: must be an integer between 0 and 100000000)");
  *now_ = *now_ + 2000;
  auto removed = dao_->DeleteExpired();
  ASSERT_TRUE(removed);
  EXPECT_EQ(*removed, 2u);
}

TEST_P(StoreContract, ExpiredKeysAreFree) {
  const Json consumer = Make("consumers", {{"username", "c"}});
  Make("keyauth_credentials", {{"consumer", Ref(consumer)}, {"key", "k"}, {"ttl", 10}});
  *now_ = *now_ + 20;
  Make("keyauth_credentials", {{"consumer", Ref(consumer)}, {"key", "k"}});
}

TEST_P(StoreContract, PagesSurviveChanges) {
  std::vector<std::string> ids;
  for (int i = 0; i < 25; ++i) {
    ids.push_back(Make("consumers", {{"username", "u" + std::to_string(i)}})["id"]);
  }
  std::sort(ids.begin(), ids.end());
  ListOptions options;
  options.size = 10;
  auto page = dao_->List("consumers", options);
  ASSERT_TRUE(page && page->offset);
  EXPECT_EQ(page->rows.size(), 10u);
  EXPECT_EQ(page->rows[9]["id"], ids[9]);
  // Neither the loss of the row that the offset names nor rows before it move the next page.
  ASSERT_TRUE(dao_->Delete("consumers", {"", ids[9]}));
  ASSERT_TRUE(dao_->Delete("consumers", {"", ids[3]}));
  options.offset = *page->offset;
  page = dao_->List("consumers", options);
  ASSERT_TRUE(page && page->offset);
  EXPECT_EQ(page->rows[0]["id"], ids[10]);
  options.offset = *page->offset;
  page = dao_->List("consumers", options);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->rows.size(), 5u);
  EXPECT_FALSE(page->offset);
  options.offset = "x";
  EXPECT_EQ(dao_->List("consumers", options).error().message(),
            "'x' is not a valid offset: bad base64 encoding");
  options.offset = "zzz";
  EXPECT_EQ(dao_->List("consumers", options).error().message(),
            "'zzz' is not a valid offset: bad json encoding");
  options.offset = "";
  options.size = 1001;
  EXPECT_EQ(dao_->List("consumers", options).error().code(), ErrorCode::kInvalidSize);
}

TEST_P(StoreContract, ListsOfForeignRows) {
  const Json one = Make("services", {{"host", "h.test"}});
  const Json two = Make("services", {{"host", "h.test"}});
  for (int i = 0; i < 3; ++i) Make("routes", {{"paths", {"/"}}, {"service", Ref(one)}});
  Make("routes", {{"paths", {"/"}}, {"service", Ref(two)}});
  Make("routes", {{"paths", {"/"}}});
  ListOptions options;
  options.size = 2;
  auto page = dao_->ListFor("routes", "service", one["id"].get<std::string>(), options);
  ASSERT_TRUE(page && page->offset);
  options.offset = *page->offset;
  page = dao_->ListFor("routes", "service", one["id"].get<std::string>(), options);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->rows.size(), 1u);
  EXPECT_FALSE(page->offset);
}

TEST_P(StoreContract, Tags) {
  Make("services", {{"host", "h.test"}, {"tags", {"red", "blue"}}});
  Make("services", {{"host", "h.test"}, {"tags", {"red"}}});
  Make("services", {{"host", "h.test"}});
  Make("consumers", {{"username", "c"}, {"tags", {"red", "über"}}});
  const auto count = [&](std::vector<std::string> tags, bool any) {
    ListOptions options;
    options.tags = std::move(tags);
    options.tags_any = any;
    auto page = dao_->List("services", options);
    EXPECT_TRUE(page);
    return page ? page->rows.size() : 0;
  };
  EXPECT_EQ(count({"red"}, false), 2u);
  EXPECT_EQ(count({"red", "blue"}, false), 1u);
  EXPECT_EQ(count({"none", "blue"}, true), 1u);
  EXPECT_EQ(count({"none"}, true), 0u);
  auto of_red = dao_->ListTags("red", {});
  ASSERT_TRUE(of_red) << of_red.error().message();
  EXPECT_EQ(of_red->rows.size(), 3u);
  // All of them, one by one, none twice.
  std::set<std::string> seen;
  ListOptions options;
  options.size = 1;
  for (int i = 0; i < 10; ++i) {
    auto page = dao_->ListTags("", options);
    ASSERT_TRUE(page) << page.error().message();
    for (const Json& row : page->rows) EXPECT_TRUE(seen.insert(DumpJson(row)).second);
    if (!page->offset) break;
    options.offset = *page->offset;
  }
  EXPECT_EQ(seen.size(), 5u);
}

TEST_P(StoreContract, TransactionsAreAllOrNothing) {
  sink_.all.clear();
  ASSERT_TRUE(dao_->WorkspaceId());
  sink_.all.clear();
  Status done = dao_->InTransaction([&](Dao& dao) -> Status {
    auto service = dao.Insert("services", {{"name", "s"}, {"host", "h.test"}});
    if (!service) return service.error();
    auto route = dao.Insert("routes", {{"paths", {"/"}}, {"service", {{"name", "s"}}}});
    if (!route) return route.error();
    auto bad = dao.Insert("services", {{"name", "s"}, {"host", "h.test"}});
    return bad ? Ok() : Status(bad.error());
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), ErrorCode::kUniqueViolation);
  EXPECT_TRUE(sink_.all.empty());
  EXPECT_TRUE(dao_->List("services", {})->rows.empty());
  done = dao_->InTransaction([&](Dao& dao) -> Status {
    auto service = dao.Insert("services", {{"name", "s"}, {"host", "h.test"}});
    auto seen = dao.Select("services", {"name", "s"});
    EXPECT_TRUE(seen && *seen);
    return service ? Ok() : Status(service.error());
  });
  EXPECT_TRUE(done);
  EXPECT_EQ(sink_.all.size(), 1u);
  EXPECT_EQ(dao_->List("services", {})->rows.size(), 1u);
}

TEST_P(StoreContract, DefaultWorkspace) {
  auto id = dao_->WorkspaceId();
  ASSERT_TRUE(id) << id.error().message();
  auto row = dao_->Select("workspaces", {"name", "default"});
  ASSERT_TRUE(row && *row);
  EXPECT_EQ((**row)["id"], *id);
  Dao other(TestCatalog(), *store_, nullptr);
  EXPECT_EQ(*other.WorkspaceId(), *id);
  Make("services", {{"name", "s"}, {"host", "h.test"}});
  auto transaction = store_->Begin(Store::Mode::kRead);
  ASSERT_TRUE(transaction);
  auto stored = (*transaction)->SelectBy(*TestCatalog().Entity("services"), "name", "s");
  ASSERT_TRUE(stored && *stored);
  EXPECT_EQ((**stored)["ws_id"], *id);
}

TEST_P(StoreContract, AWorkspaceGoesWhenNothingIsInIt) {
  const std::string id = *dao_->WorkspaceId();
  Make("workspaces", {{"name", "other"}});
  EXPECT_TRUE(dao_->Delete("workspaces", {"name", "other"}));
  EXPECT_EQ(dao_->Delete("workspaces", {"name", "default"}).error().code(),
            ErrorCode::kOperationUnsupported);
  Make("services", {{"name", "s"}, {"host", "h.test"}});
  Make("consumers", {{"username", "u"}});
  const auto held = dao_->Delete("workspaces", {"", id});
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code(), ErrorCode::kForeignKeyViolation);
  EXPECT_EQ(held.error().message(),
            "an existing 'consumers' entity references this 'workspaces' entity");
  EXPECT_TRUE(*dao_->Select("workspaces", {"", id}));
}

TEST_P(StoreContract, HashesSecrets) {
  const Json consumer =
      Make("consumers", {{"id", "00000000-0000-4000-8000-000000000001"}, {"username", "c"}});
  const Json basic = Make("basicauth_credentials",
                          {{"consumer", Ref(consumer)}, {"username", "u"}, {"password", "p"}});
  EXPECT_EQ(basic["password"], "12fcb46159f10ceb7a6bea1baff958d0e77bdf81");
  auto row = dao_->Update("basicauth_credentials", {"username", "u"}, {{"password", "q"}});
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().message(),
            "schema violation (all or none of these fields must be set: 'password', "
            "'consumer.id')");
  row = dao_->Update("basicauth_credentials", {"username", "u"},
                     {{"password", "changed"}, {"consumer", Ref(consumer)}});
  ASSERT_TRUE(row) << row.error().message();
  EXPECT_EQ((*row)["password"], "148e2d29d3e0d65f4bee880dabf28a95a1be5480");
  row = dao_->Update("basicauth_credentials", {"username", "u"}, {{"username", "w"}});
  ASSERT_TRUE(row) << row.error().message();
  EXPECT_EQ((*row)["password"], "148e2d29d3e0d65f4bee880dabf28a95a1be5480");
  const Json app = Make(
      "oauth2_credentials",
      {{"consumer", Ref(consumer)}, {"name", "a"}, {"client_secret", "s"}, {"hash_secret", true}});
  EXPECT_EQ(app["client_secret"].get<std::string>().find("$pbkdf2-sha512$i=10000,l=32$"), 0u);
}

TEST_P(StoreContract, PluginProtocolsFitTheRoute) {
  const Json service = Make("services", {{"host", "h.test"}, {"protocol", "grpc"}});
  const Json route = Make("routes", {{"protocols", {"grpc"}},
                                     {"paths", {"/g"}},
                                     {"strip_path", false},
                                     {"service", Ref(service)}});
  auto row = dao_->Insert("plugins",
                          {{"name", "key-auth"}, {"protocols", {"http"}}, {"route", Ref(route)}});
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().message(),
            "schema violation (protocols: must match the associated route's protocols)");
  row = dao_->Insert("plugins",
                     {{"name", "key-auth"}, {"protocols", {"http"}}, {"service", Ref(service)}});
  ASSERT_FALSE(row);
  Make("plugins", {{"name", "key-auth"}, {"protocols", {"grpc"}}, {"route", Ref(route)}});
}

TEST_P(StoreContract, TargetsAreUniqueWithinTheirUpstream) {
  const Json one = Make("upstreams", {{"name", "one"}});
  const Json two = Make("upstreams", {{"name", "two"}});
  Make("targets", {{"target", "b.test"}, {"upstream", Ref(one)}});
  Make("targets", {{"target", "b.test"}, {"upstream", Ref(two)}});
  auto row = dao_->Insert("targets", {{"target", "b.test"}, {"upstream", Ref(one)}});
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().message(), "UNIQUE violation detected on '{target=\"b.test:8000\"}'");
}

TEST_P(StoreContract, WritersAtOnce) {
  ASSERT_TRUE(dao_->WorkspaceId());
  constexpr int kThreads = 4, kEach = 25;
  std::atomic<int> made = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      Dao dao(TestCatalog(), *store_, nullptr);
      for (int i = 0; i < kEach; ++i) {
        // Every thread tries every name: exactly one of them gets it.
        if (dao.Insert("consumers", {{"username", "u" + std::to_string(i)}})) ++made;
        if (!dao.List("consumers", {})) ADD_FAILURE() << "list in thread " << t;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, kEach);
}

TEST_P(StoreContract, EntitiesThatAreNotStored) {
  auto page = dao_->List("tags", {});
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_TRUE(page->rows.empty());
}

}  // namespace silverback::store
