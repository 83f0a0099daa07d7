// The part of the contract of stores (store_contract.h) that is about rows and writes: what is
// kept, updates, times to live, transactions, workspaces.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "store/store_contract_fixture.h"
#include "util/string_util.h"

namespace silverback::store {

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

}  // namespace silverback::store
