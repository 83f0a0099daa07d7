#include "entity/catalog.h"

#include <gtest/gtest.h>

namespace silverback::entity {
namespace {

std::vector<std::string> Bundled() {
  return {Catalog::BundledPlugins().begin(), Catalog::BundledPlugins().end()};
}

TEST(Catalog, HasEveryEntityAndPlugin) {
  const auto catalog = Catalog::Create(Bundled());
  ASSERT_TRUE(catalog) << catalog.error().message();
  for (const char* name :
       {"services", "routes", "plugins", "acls", "oauth2_tokens", "workspaces"}) {
    EXPECT_TRUE((*catalog)->Entity(name)) << name;
  }
  for (const std::string& name : Bundled()) EXPECT_TRUE((*catalog)->Plugin(name)) << name;
}

TEST(Catalog, LeavesOutWhatIsNotEnabled) {
  const auto catalog = Catalog::Create({"key-auth"});
  ASSERT_TRUE(catalog);
  EXPECT_TRUE((*catalog)->Entity("keyauth_credentials"));
  EXPECT_FALSE((*catalog)->Entity("acls"));
  EXPECT_FALSE((*catalog)->Plugin("acl"));
}

TEST(Catalog, OrdersByDependency) {
  const auto catalog = Catalog::Create(Bundled());
  const auto at = [&](std::string_view name) { return (*catalog)->KindIndex(name); };
  EXPECT_LT(at("certificates"), at("services"));
  EXPECT_LT(at("services"), at("routes"));
  EXPECT_LT(at("routes"), at("plugins"));
  EXPECT_EQ(at("nothing"), -1);
}

TEST(Catalog, KnowsWhoRefersToWhom) {
  const auto catalog = Catalog::Create(Bundled());
  std::vector<std::string> names;
  for (const auto& referrer : (*catalog)->ReferrersOf("services"))
    names.push_back(referrer.schema->name());
  EXPECT_NE(std::find(names.begin(), names.end(), "routes"), names.end());
  EXPECT_NE(std::find(names.begin(), names.end(), "plugins"), names.end());
}

TEST(Catalog, WithoutADatabaseRateLimitingCountsLocally) {
  const auto catalog = Catalog::Create({"rate-limiting"}, true);
  const auto row = (*catalog)->Entity("plugins")->CheckInsert(
      {{"name", "rate-limiting"}, {"config", {{"minute", 1}}}});
  ASSERT_TRUE(row) << row.error().message();
  EXPECT_EQ((*row)["config"]["policy"], "local");
}

TEST(Catalog, APathOfAWrongTypeIsNoMissingPath) {
  const auto catalog = Catalog::Create({});
  const auto row = (*catalog)->Entity("routes")->CheckInsert({{"paths", "/x"}});
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().fields(), Json({{"paths", "expected an array"}}));
}

TEST(Catalog, RowsOfOlderVersionsAreReadAsTheyWereMeant) {
  const auto catalog = Catalog::Create({"acl", "key-auth"});
  const schema::Schema* plugins = (*catalog)->Entity("plugins");
  const auto config = [&](const char* name, const char* stored) {
    return plugins->Present({{"name", name}, {"config", Json::parse(stored)}})["config"];
  };
  EXPECT_EQ(config("acl", R"({"whitelist": ["a"], "blacklist": null})"),
            Json::parse(R"({"allow": ["a"], "deny": null, "hide_groups_header": false})"));
  EXPECT_EQ(config("acl", R"({"whitelist": ["old"], "blacklist": [], "allow": ["new"]})")["allow"],
            Json({"new"}));
  EXPECT_EQ(config("key-auth", R"({"key_names": ["k"]})")["key_in_header"], true);
  const Json upstream = {{"name", "u"}, {"hash_on", "ip"}, {"algorithm", nullptr}};
  EXPECT_EQ((*catalog)->Entity("upstreams")->Present(upstream)["algorithm"], "consistent-hashing");
}

}  // namespace
}  // namespace silverback::entity
