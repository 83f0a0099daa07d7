// The part of the contract of stores (store_contract.h) that is about keys: unique ones, foreign
// ones, and what a delete takes along.
#pragma once

#include <set>
#include <string>

#include "store/store_contract_fixture.h"

namespace silverback::store {

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

TEST_P(StoreContract, ExpiredKeysAreFree) {
  const Json consumer = Make("consumers", {{"username", "c"}});
  Make("keyauth_credentials", {{"consumer", Ref(consumer)}, {"key", "k"}, {"ttl", 10}});
  *now_ = *now_ + 20;
  Make("keyauth_credentials", {{"consumer", Ref(consumer)}, {"key", "k"}});
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

}  // namespace silverback::store
