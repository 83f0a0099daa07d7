#include "schema/schema.h"

#include <gtest/gtest.h>

namespace silverback::schema {
namespace {

std::unique_ptr<Schema> Thing() {
  auto schema = Schema::Parse(Json::parse(R"json({
    "name": "things", "endpoint_key": "name",
    "fields": [
      {"id": {"type": "string", "auto": true, "uuid": true}},
      {"created_at": {"type": "integer", "timestamp": true, "auto": true}},
      {"name": {"type": "string", "unique": true, "check": "utf8_name"}},
      {"kind": {"type": "string", "one_of": ["a", "b"], "default": "a"}},
      {"port": {"type": "integer", "between": [0, 65535], "default": 80}},
      {"paths": {"type": "array", "elements": {"type": "string", "starts_with": "/"}}},
      {"tags": {"type": "set", "elements": {"type": "string"}}},
      {"config": {"type": "record", "required": true, "fields": [
        {"limit": {"type": "number", "gt": 0}}, {"on": {"type": "boolean", "default": true, "required": true}}]}},
      {"service": {"type": "foreign", "reference": "services"}}
    ],
    "entity_checks": [{"at_least_one_of": ["name", "paths"]}],
    "hidden_entity_checks": [{"conditional": {"if_field": "kind", "if_match": {"eq": "b"}, "then_field": "paths",
                                              "then_match": {"eq": null}}}]
  })json"));
  return std::move(*schema);
}

Json FieldsOf(const Result<Json>& result) {
  return result ? Json("no error") : result.error().fields();
}

TEST(Schema, FillsDefaultsAndGeneratedValues) {
  const auto row = Thing()->CheckInsert({{"name", "n"}, {"tags", {"x", "x"}}});
  ASSERT_TRUE(row) << row.error().message();
  EXPECT_EQ((*row)["kind"], "a");
  EXPECT_EQ((*row)["id"].get<std::string>().size(), 36u);
  EXPECT_EQ((*row)["config"], Json::parse(R"({"limit":null,"on":true})"));
  EXPECT_EQ((*row)["tags"].size(), 1u);
}

TEST(Schema, AnExplicitNullStaysNull) {
  EXPECT_TRUE((*Thing()->CheckInsert({{"name", "n"}, {"kind", nullptr}}))["kind"].is_null());
}

TEST(Schema, ReportsEveryViolationWithKongsWords) {
  const auto row = Thing()->CheckInsert({{"name", "a b"},
                                         {"kind", "c"},
                                         {"port", "80"},
                                         {"paths", {"/a", "b"}},
                                         {"zzz", 1},
                                         {"service", "x"}});
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().fields()["kind"], "expected one of: a, b");
  EXPECT_EQ(row.error().fields()["port"], "expected an integer");
  EXPECT_EQ(row.error().fields()["paths"], Json::parse(R"([null, "should start with: /"])"));
  EXPECT_EQ(row.error().fields()["zzz"], "unknown field");
  EXPECT_EQ(row.error().fields()["service"]["id"], "missing primary key");
  EXPECT_TRUE(row.error().message().starts_with(
      "6 schema violations (kind: expected one of: a, b; name: invalid"));
}

TEST(Schema, NestedErrorsPrintAsTables) {
  const auto row = Thing()->CheckInsert({{"name", "n"}, {"config", {{"limit", 0}, {"x", {1}}}}});
  EXPECT_EQ(
      row.error().message(),
      "2 schema violations (config.limit: value must be greater than 0; config.x: unknown field)");
  EXPECT_EQ(ViolationMessage({{"a", {{"b", {"say \"x\""}}}}}),
            "schema violation (a.b: {\n  \"say \\\"x\\\"\"\n})");
  EXPECT_EQ(ViolationMessage({{"a", {{"b", {"one\ntwo"}}}}}),
            "schema violation (a.b: {\n  [[one\ntwo]]\n})");
  EXPECT_EQ(ViolationMessage(Json::parse(R"({"a":{"b":["x"]}})")),
            "schema violation (a.b: {\n  \"x\"\n})");
}

TEST(Schema, EntityChecksComeFirst) {
  EXPECT_EQ(FieldsOf(Thing()->CheckInsert(Json::object()))["@entity"][0],
            "at least one of these fields must be non-empty: 'name', 'paths'");
  const auto row = Thing()->CheckInsert({{"kind", "b"}, {"paths", {"/x"}}});
  EXPECT_EQ(row.error().message(),
            "2 schema violations (failed conditional validation given value of field 'kind'; "
            "paths: value must be null)");
}

TEST(Schema, UpdatesMergeRecordsAndReplaceLists) {
  const auto schema = Thing();
  const auto row =
      schema->CheckInsert({{"name", "n"}, {"paths", {"/a"}}, {"config", {{"limit", 5}}}});
  const auto changed = schema->CheckUpdate({{"paths", {"/b"}}, {"config", {{"on", false}}}}, *row);
  ASSERT_TRUE(changed) << changed.error().message();
  EXPECT_EQ((*changed)["paths"], Json({"/b"}));
  EXPECT_EQ((*changed)["config"], Json::parse(R"({"limit":5,"on":false})"));
  EXPECT_EQ((*changed)["created_at"], (*row)["created_at"]);
  EXPECT_EQ(
      FieldsOf(schema->CheckUpdate({{"name", nullptr}, {"paths", nullptr}}, *row))["@entity"][0],
      "when updating, at least one of these fields must be non-empty: 'name', 'paths'");
}

TEST(Schema, AKindHasFieldsOfItsOwn) {
  const auto schema = Schema::Parse(Json::parse(R"json({
    "name": "routes", "subschema_key": "protocols", "fields": [
      {"protocols": {"type": "set", "elements": {"type": "string"}, "default": ["http"]}},
      {"strip": {"type": "boolean", "default": true}}],
    "subschemas": [
      {"for": ["http"]},
      {"for": ["grpc"], "fields": [
        {"strip": {"type": "boolean", "default": false, "ne": true, "err": "not for gRPC"}}]}]
  })json"));
  ASSERT_TRUE(schema);
  EXPECT_EQ((*(*schema)->CheckInsert({{"protocols", {"grpc"}}}))["strip"], false);
  EXPECT_EQ((*(*schema)->CheckInsert({{"protocols", {"http"}}}))["strip"], true);
  EXPECT_EQ((*(*schema)->CheckInsert(Json::object()))["strip"], true);
  const auto stripped = (*schema)->CheckInsert({{"protocols", {"grpc"}}, {"strip", true}});
  ASSERT_FALSE(stripped);
  EXPECT_EQ(stripped.error().fields(), Json({{"strip", "not for gRPC"}}));
  const auto unknown = (*schema)->CheckInsert({{"protocols", {"smtp"}}, {"strip", 3}});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().fields(), Json({{"protocols", "unknown type: smtp"}}));
  const auto object = (*schema)->CheckInsert({{"protocols", {{"a", "http"}}}});
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().fields(), Json({{"protocols", "unknown type: nil"}}));
}

TEST(Schema, AReferenceWithoutAKeyIsCheckedAsWhatItRefersTo) {
  const auto schema = Thing();
  const auto routes = Schema::Parse(Json::parse(R"json({
    "name": "routes", "subschema_key": "protocols", "subschemas": [{"for": ["http"]}],
    "fields": [{"id": {"type": "string", "uuid": true}},
               {"protocols": {"type": "set", "elements": {"type": "string"}}},
               {"name": {"type": "string"}}, {"paths": {"type": "array", "required": true}}],
    "hidden_entity_checks": [{"at_least_one_of": ["name", "paths"]}]})json"));
  ASSERT_TRUE(routes);
  schema->set_entities([&](std::string_view) { return routes->get(); });
  const auto errors = [&](const Json& reference) {
    return FieldsOf(schema->CheckInsert({{"name", "n"}, {"service", reference}}))["service"];
  };
  EXPECT_EQ(errors({{"id", "x"}}), Json({{"protocols", "required field missing"}}));
  const Json kind = {"http"};
  EXPECT_EQ(errors({{"protocols", kind}}), Json({{"id", "missing primary key"}}));
  EXPECT_EQ(errors({{"protocols", kind}, {"name", 1}, {"z", 1}}),
            Json({{"name", "expected a string"}, {"z", "unknown field"}}));
  EXPECT_EQ(errors({{"protocols", kind}, {"name", "r"}, {"paths", nullptr}}),
            Json({{"paths", "required field missing"}}));
}

TEST(Schema, ARecordWithABadShorthandCountsAsNotGiven) {
  const auto schema = Schema::Parse(Json::parse(R"json({"name": "plugins", "fields": [
    {"config": {"type": "record", "required": true,
                "fields": [{"deny": {"type": "array", "elements": {"type": "string"}, "default": []}}],
                "shorthand_fields": [{"blacklist": {"type": "array", "elements": {"type": "string"},
                                                    "derive": "deny"}}]}}]})json"));
  ASSERT_TRUE(schema);
  const Json bad = {{"config", {{"blacklist", 1}, {"deny", {"a"}}}}};
  const auto made = (*schema)->CheckInsert(bad);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ((*made)["config"], Json::parse(R"({"deny": []})"));
  const auto kept = (*schema)->CheckUpdate(bad, {{"config", {{"deny", {"kept"}}}}});
  ASSERT_TRUE(kept) << kept.error().message();
  EXPECT_EQ((*kept)["config"], Json::parse(R"({"deny": ["kept"]})"));
}

TEST(Schema, ShowsNoneOfOurOwnKeys) {
  const std::string shown = Thing()->shown().dump();
  EXPECT_EQ(shown.find("check\""), std::string::npos);
  EXPECT_NE(shown.find("at_least_one_of"), std::string::npos);
  EXPECT_EQ(shown.find("conditional"), std::string::npos);
}

TEST(Schema, WhatAnUpstreamHashesOnDecidesItsAlgorithm) {
  const auto schema = Schema::Parse(Json::parse(R"({"name": "upstreams", "fields": [
      {"algorithm": {"type": "string", "default": "round-robin"}},
      {"hash_on": {"type": "string", "default": "none"}}], "settle": "upstream_algorithm"})"));
  ASSERT_TRUE(schema);
  const auto made = [&](const Json& input) { return (*(*schema)->CheckInsert(input)).dump(); };
  EXPECT_EQ(made({{"hash_on", "ip"}}), R"({"algorithm":"consistent-hashing","hash_on":"ip"})");
  EXPECT_EQ(made({{"algorithm", "consistent-hashing"}}),
            R"({"algorithm":"round-robin","hash_on":"none"})");
  EXPECT_EQ(made({{"algorithm", "least-connections"}, {"hash_on", "ip"}}),
            R"({"algorithm":"least-connections","hash_on":"none"})");
  const Json current = {{"algorithm", "consistent-hashing"}, {"hash_on", "ip"}};
  EXPECT_EQ((*(*schema)->CheckUpdate({{"algorithm", "round-robin"}}, current))["algorithm"],
            "consistent-hashing");
}

}  // namespace
}  // namespace silverback::schema
