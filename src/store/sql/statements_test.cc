#include "store/sql/statements.h"

#include <gtest/gtest.h>

#include "store/store_test_util.h"

namespace silverback::store::sql {
namespace {

const schema::Schema& Of(const char* name) { return *TestCatalog().Entity(name); }

TEST(Table, FollowsTheSchema) {
  const Table routes(Of("routes"));
  EXPECT_EQ(routes.FindMemberColumn("service")->name, "service_id");
  EXPECT_EQ(routes.FindColumn("service_id")->kind, Kind::kUuid);
  EXPECT_EQ(routes.FindColumn("paths")->kind, Kind::kTextArray);
  EXPECT_EQ(routes.FindColumn("sources")->kind, Kind::kJsonArray);
  EXPECT_EQ(routes.FindColumn("headers")->kind, Kind::kJson);
  EXPECT_EQ(routes.FindColumn("created_at")->kind, Kind::kTimestamp);
  EXPECT_TRUE(routes.has_ws_id);
  EXPECT_FALSE(routes.has_cache_key);
  EXPECT_EQ(Table(Of("services")).FindColumn("ca_certificates")->kind, Kind::kUuidArray);
  EXPECT_TRUE(Table(Of("plugins")).has_cache_key);
  EXPECT_TRUE(Table(Of("acls")).has_cache_key);
  const Table keys(Of("keyauth_credentials"));
  EXPECT_TRUE(keys.has_ttl);
  EXPECT_FALSE(keys.has_cache_key);
  EXPECT_FALSE(IsStored(Of("tags")));
  EXPECT_TRUE(IsStored(Of("parameters")));
}

TEST(Statements, Postgres) {
  const Statements keys(Dialect::kPostgres, Of("keyauth_credentials"));
  EXPECT_NE(keys.insert().find("to_timestamp($"), std::string::npos);
  EXPECT_NE(keys.select().find("EXTRACT(EPOCH FROM \"created_at\") AS \"created_at\""),
            std::string::npos);
  EXPECT_NE(keys.select().find("to_jsonb(\"tags\") AS \"tags\""), std::string::npos);
  EXPECT_NE(keys.select().find("WHERE \"id\" = $1 AND (\"ttl\" IS NULL OR \"ttl\" > "
                               "to_timestamp($2))"),
            std::string::npos);
  PageRequest request;
  request.tags = {"a", "b"};
  request.foreign_field = "consumer";
  request.foreign_id = "x";
  const PageStatement page = keys.Page(request, 1);
  EXPECT_NE(page.text.find("\"consumer_id\" = $1 AND \"tags\" IS NOT NULL AND \"tags\" @> "
                           "$2::text[]"),
            std::string::npos);
  EXPECT_EQ(page.parameters.size(), 4u);
  EXPECT_EQ(page.parameters[1].text, "{\"a\",\"b\"}");
  EXPECT_EQ(page.limit, 101u);
}

TEST(Encode, Postgres) {
  const Table routes(Of("routes"));
  const auto text = [&](const char* column, const Json& value) {
    return Encode(Dialect::kPostgres, *routes.FindColumn(column), value).ToText();
  };
  EXPECT_EQ(text("paths", {"/a\"b", "/c\\d"}), "{\"/a\\\"b\",\"/c\\\\d\"}");
  EXPECT_EQ(text("sources", Json::array({{{"port", 1}}})), "{\"{\\\"port\\\":1}\"}");
  EXPECT_EQ(text("strip_path", true), "t");
  EXPECT_EQ(text("created_at", 1600000000), "1600000000");
  EXPECT_EQ(text("service_id", {{"id", "x"}}), "x");
  EXPECT_EQ(Encode(Dialect::kPostgres, *routes.FindColumn("paths"), nullptr).type,
            Value::Type::kNull);
}

}  // namespace
}  // namespace silverback::store::sql
