#include "store/declarative/configuration.h"

#include <gtest/gtest.h>

#include "store/declarative/document.h"

namespace silverback::store::declarative {
namespace {

class ConfigurationTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::vector<std::string> plugins;
    for (const auto name : entity::Catalog::BundledPlugins()) plugins.emplace_back(name);
    catalog_ = std::move(*entity::Catalog::Create(plugins, true)).release();
  }
  static void TearDownTestSuite() { delete catalog_; }

  static Result<Configuration> Load(const std::string& text) {
    auto document = ParseText("_format_version: \"2.1\"\n" + text);
    if (!document) return document.error();
    return Flatten(*catalog_, std::move(document->content), std::move(document->hash));
  }

  static Json Errors(const std::string& text) {
    const auto loaded = Load(text);
    return loaded ? Json() : loaded.error().fields();
  }

  static std::vector<Json> RowsOf(const Configuration& configuration, std::string_view kind) {
    for (const auto& each : configuration.kinds) {
      if (each.schema->name() == kind) return each.rows;
    }
    return {};
  }

  static std::string IdOf(const Configuration& configuration, std::string_view kind,
                          size_t at = 0) {
    const auto rows = RowsOf(configuration, kind);
    return at < rows.size() ? StringMember(rows[at], "id") : "";
  }

  static const entity::Catalog* catalog_;
};

const entity::Catalog* ConfigurationTest::catalog_ = nullptr;

// Ids that Kong 2.8.5 gave to these entities.
TEST_F(ConfigurationTest, IdsAreThoseOfKong) {
  const auto loaded = Load(R"(
services: [{name: svc, host: h, routes: [{name: rt, paths: [/]}]}]
consumers:
- username: usr
  keyauth_credentials: [{key: kkk}]
  basicauth_credentials: [{username: bbb, password: p}]
  jwt_secrets: [{key: jjj, secret: s}]
  acls: [{group: ggg}]
upstreams: [{name: ups, targets: [{target: "a.test:80"}]}, {name: ups2, targets: [{target: "a.test:80"}]}]
plugins: [{name: cors}, {name: cors, service: svc}]
)");
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(IdOf(*loaded, "services"), "b9f04b04-ab65-5e2a-b4c4-f82b7d5b781c");
  EXPECT_EQ(IdOf(*loaded, "routes"), "b81d4b76-57f0-5e15-ab85-b7432c1ac4c0");
  EXPECT_EQ(IdOf(*loaded, "consumers"), "81f33f8d-87c4-5e9e-aa52-5812996ad9fc");
  EXPECT_EQ(IdOf(*loaded, "keyauth_credentials"), "5412e951-e37e-52f1-b7d8-9c441d0be5cf");
  EXPECT_EQ(IdOf(*loaded, "basicauth_credentials"), "cf528ed0-5862-5687-87da-04aba3d470b7");
  EXPECT_EQ(IdOf(*loaded, "jwt_secrets"), "4d4fed60-713c-5e78-9f0c-9cef00580bde");
  EXPECT_EQ(IdOf(*loaded, "acls"), "566f6307-2c3e-53f6-9c68-4e2d6fd557bc");
  EXPECT_EQ(IdOf(*loaded, "upstreams"), "dd136c2b-ec1b-59f4-a807-1329dd0cf209");
  EXPECT_EQ(IdOf(*loaded, "targets", 0), "04bfd7fb-f7c4-5d2f-af4b-146d35a92992");
  EXPECT_EQ(IdOf(*loaded, "targets", 1), "2ca229ed-a38a-5938-869e-b09b6cc8ca8d");
  EXPECT_EQ(IdOf(*loaded, "plugins", 0), "81f7b439-c3fa-5e45-815f-8de9d9afec12");
  EXPECT_EQ(IdOf(*loaded, "plugins", 1), "ab90e0d3-e699-5611-ac92-1af07aa02c25");
}

TEST_F(ConfigurationTest, PlaceOfAPluginDecidesItsId) {
  const auto nested = Load(R"(
services: [{name: a, host: h, routes: [{name: r, paths: [/w], plugins: [{name: cors}]}]}])");
  const auto flat = Load(R"(
services: [{name: a, host: h}]
routes: [{name: r, paths: [/w], service: a}]
plugins: [{name: cors, route: r}])");
  ASSERT_TRUE(nested && flat);
  EXPECT_EQ(IdOf(*nested, "plugins"), "5346e93f-c3e4-513a-9a09-540de2a99d4c");
  EXPECT_EQ(IdOf(*flat, "plugins"), "d4382b63-0898-5252-bff1-615a655f2d90");
  for (const auto* loaded : {&nested, &flat}) {
    EXPECT_EQ(RowsOf(**loaded, "plugins")[0]["route"]["id"],
              "da7ba03a-f1be-52d4-8a7e-c8f32640689a");
  }
}

TEST_F(ConfigurationTest, NamelessItemsKeepTheirIdsFromLoadToLoad) {
  const char* text = R"(
routes: [{paths: [/a]}, {paths: [/b]}, {paths: [/a]}])";
  const auto first = Load(text), second = Load(text);
  ASSERT_TRUE(first && second);
  ASSERT_EQ(RowsOf(*first, "routes").size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(IdOf(*first, "routes", i), IdOf(*second, "routes", i));
}

TEST_F(ConfigurationTest, LaterItemsReplaceEarlierOnesOfTheirId) {
  const auto loaded = Load("services: [{name: x, host: h}, {name: x, host: i}]\n");
  ASSERT_TRUE(loaded);
  ASSERT_EQ(RowsOf(*loaded, "services").size(), 1u);
  EXPECT_EQ(RowsOf(*loaded, "services")[0]["host"], "i");
}

TEST_F(ConfigurationTest, ANestedItemBelongsToWhereItStands) {
  const auto loaded = Load(R"(
services:
- {name: a, host: h, routes: [{name: r, paths: [/], service: b}]}
- {name: b, host: h})");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(RowsOf(*loaded, "routes")[0]["service"]["id"], RowsOf(*loaded, "services")[0]["id"]);
}

TEST_F(ConfigurationTest, ReferencesMayNameIdsInAnyCase) {
  const auto loaded = Load(R"(
services: [{id: 22222222-2222-4222-8222-2222222222AA, url: "http://a.test"}]
routes: [{service: 22222222-2222-4222-8222-2222222222aA, paths: [/]}])");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(RowsOf(*loaded, "routes")[0]["service"]["id"], "22222222-2222-4222-8222-2222222222aa");
}

TEST_F(ConfigurationTest, ErrorsStandWhereTheirItemsStand) {
  EXPECT_EQ(Errors("services: [{name: ok, host: h}, {name: b}]\n"),
            Json::parse(R"({"services": [null, {"host": "required field missing"}]})"));
  EXPECT_EQ(Errors(R"(
services: [{name: c, host: h, routes: [{name: q, paths: [x]}]}])"),
            Json::parse(R"({"services": [{"routes": [{"paths": ["should start with: /"]}]}]})"));
  EXPECT_EQ(Errors("services: text\nfoo: 1\n"),
            Json::parse(R"({"services": "expected an array", "foo": "unknown field"})"));
  EXPECT_EQ(Errors("services: [~, 5]\n"),
            Json::parse(R"({"services": ["expected a record", "expected a record"]})"));
}

TEST_F(ConfigurationTest, MissingReferencesAreReportedAlone) {
  EXPECT_EQ(Errors("routes: [{name: r, service: nope, paths: [/]}]\n"),
            Json({{"routes",
                   {{"r", Json::array({"invalid reference 'service: nope' (no such entry in "
                                       "'services')"})}}}}));
  EXPECT_EQ(Errors("routes: [{name: r, service: nope, paths: [x]}]\n"),
            Json::parse(R"({"routes": [{"service": {"id": "missing primary key"},
                                        "paths": ["should start with: /"]}]})"));
}

// key-auth takes no consumer, and stays without one where it stands below one.
TEST_F(ConfigurationTest, APluginThatTakesNoParentMayBeNested) {
  const auto loaded = Load("consumers: [{username: c, plugins: [{name: key-auth}]}]\n");
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(RowsOf(*loaded, "plugins").size(), 1u);
}

TEST_F(ConfigurationTest, FormatsAndTransformAreChecked) {
  EXPECT_EQ(Flatten(*catalog_, Json::object()).error().fields(),
            Json({{"_format_version", "required field missing"}}));
  EXPECT_EQ(Flatten(*catalog_, {{"_format_version", "3.0"}}).error().fields(),
            Json({{"_format_version", "expected one of: 1.1, 2.1"}}));
  const auto old = Flatten(*catalog_, {{"_format_version", "1.1"}, {"_transform", false}});
  ASSERT_TRUE(old);
  EXPECT_FALSE(old->transform);
  EXPECT_EQ(old->size(), 0u);
}

TEST_F(ConfigurationTest, ErrorsAreDescribedByPlace) {
  EXPECT_EQ(
      DescribeErrors(Json::parse(R"({"services": [null, {"port": "bad", "@entity": ["x"]}]})")),
      "in 'services':\n"
      "  - in entry 2 of 'services':\n"
      "    in '@entity':\n"
      "      - in entry 1 of '@entity': x\n"
      "    in 'port': bad");
  EXPECT_EQ(DescribeErrors({{"error", "failed parsing"}}), "failed parsing");
}

}  // namespace
}  // namespace silverback::store::declarative
