#include <gtest/gtest.h>

#include "store/declarative/document.h"
#include "store/declarative/yaml_reader.h"
#include "store/declarative/yaml_scalar.h"
#include "store/declarative/yaml_writer.h"

namespace silverback::store::declarative {
namespace {

Json Yaml(std::string_view text) {
  const auto read = ReadYaml(text);
  return read ? *read : Json("error: " + read.error().message());
}

TEST(YamlScalarTest, NumbersInEverySpelling) {
  EXPECT_EQ(ResolveScalar("0"), 0);
  EXPECT_EQ(ResolveScalar("-12"), -12);
  EXPECT_EQ(ResolveScalar("1_000"), 1000);
  EXPECT_EQ(ResolveScalar("010"), 8);
  EXPECT_EQ(ResolveScalar("089"), 89);
  EXPECT_EQ(ResolveScalar("0x1F"), 31);
  EXPECT_EQ(ResolveScalar("0b101"), 5);
  EXPECT_EQ(ResolveScalar("1:30"), 90);
  EXPECT_EQ(ResolveScalar("190:20:30"), 685230);
  EXPECT_EQ(ResolveScalar("1e3"), 1000);
  EXPECT_EQ(ResolveScalar("2.5"), 2.5);
  EXPECT_EQ(ResolveScalar(".5"), 0.5);
  EXPECT_TRUE(ResolveScalar("1e3").is_number_integer());
}

TEST(YamlScalarTest, WordsThatAreNoWords) {
  for (const char* word : {"true", "Yes", "ON"}) EXPECT_EQ(ResolveScalar(word), true);
  for (const char* word : {"false", "No", "off"}) EXPECT_EQ(ResolveScalar(word), false);
  for (const char* word : {"", "~", "null", "NULL"}) EXPECT_TRUE(ResolveScalar(word).is_null());
}

TEST(YamlScalarTest, TextsThatLookLikeNumbers) {
  for (const char* text : {"1.2.3", "10.0.0.1:80", "y", "n", "1:75", "0b", "0x", "-", "+", ".", "_",
                           "1e", "12ab", "tRUE", "nan", "infinity", "2001-12-14", "1 2"}) {
    EXPECT_EQ(ResolveScalar(text), text);
  }
}

TEST(YamlReaderTest, StructuresAndKeys) {
  EXPECT_EQ(Yaml("a: [1, {b: c}]\n8080: x\non: y\n"),
            Json::parse(R"({"a": [1, {"b": "c"}], "8080": "x", "true": "y"})"));
  EXPECT_EQ(Yaml("a: 1\na: 2\n"), Json({{"a", 2}}));
  EXPECT_EQ(Yaml("a: \"2\"\nb: !!str 3\nc: !!int \"4\"\n"),
            Json::parse(R"({"a": "2", "b": "3", "c": 4})"));
  EXPECT_EQ(Yaml("a: |\n  x\n  y\n"), Json({{"a", "x\ny\n"}}));
}

TEST(YamlReaderTest, OnlyTheFirstDocumentCountsButAllAreRead) {
  EXPECT_EQ(Yaml("a: 1\n---\nb: 2\n"), Json({{"a", 1}}));
  EXPECT_TRUE(Yaml("").is_null());
  EXPECT_FALSE(ReadYaml("a: 1\n---\nb: [\n"));
}

TEST(YamlReaderTest, AnchorsAliasesAndMerges) {
  EXPECT_EQ(Yaml("a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\n"),
            Json::parse(R"({"a": {"b": 1, "c": 2}, "d": {"b": 1, "c": 3}})"));
  EXPECT_EQ(Yaml("a: &x [1]\nb: *x\n"), Json::parse(R"({"a": [1], "b": [1]})"));
  EXPECT_EQ(Yaml("a: *none\n"), "error: 1:4: invalid reference: none");
}

TEST(YamlReaderTest, AliasesCannotFillTheMemory) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int n = 1; n < 10; ++n) bomb += ", " + before;
    bomb += "]\n";
  }
  const auto read = ReadYaml(bomb);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message().find("aliases repeat too much"), std::string::npos);
}

TEST(YamlReaderTest, DepthIsBounded) {
  EXPECT_FALSE(ReadYaml(std::string(5000, '[') + std::string(5000, ']')));
}

std::string Written(const Json& value) {
  std::string out;
  YamlWriter writer([&](std::string_view piece) {
    out += piece;
    return Ok();
  });
  writer.Member("v", value);
  writer.BeginList("list");
  writer.Item(value);
  writer.Item(nullptr);
  writer.EndList();
  EXPECT_TRUE(writer.Finish());
  return out;
}

TEST(YamlWriterTest, ReadsBackAsItWas) {
  const Json values = Json::parse(R"([null, true, 12, 1.5, 1700000000.123, "", "~", "yes", "12",
      "1:30", "plain", "with: colon", "- dash", " lead", "trail ", "two\nlines\n", "a\r\nb",
      "tab\there", "\u00e9t\u00e9", "\u2028", "'quoted'", "\"", "#x", "x #y", "a\n\n\nb", "\n",
      "end\n\n", "*a", "&a", "!t", "%d", "@x", "`", "{", "[", "<<", "---", "...", "a: b\n- c\n",
      [], {}, [1, [2]], {"on": {"12": ["x"]}}, "a very long line that goes on and on and on and on and on and on and on"])");
  for (const Json& value : values) {
    const std::string text = Written(value);
    const auto read = ReadYaml(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ((*read)["v"], value) << text;
    EXPECT_EQ((*read)["list"][0], value) << text;
  }
}

TEST(DocumentTest, KindsOfText) {
  EXPECT_EQ(ParseText("{\"a\": 1}")->content, Json({{"a", 1}}));
  EXPECT_EQ(ParseText("a: 1")->content, Json({{"a", 1}}));
  EXPECT_EQ(ParseNamedText("return {a = 1, b = {1, 'x'}}", "kong.lua")->content,
            Json::parse(R"({"a": 1, "b": [1, "x"]})"));
  EXPECT_EQ(ParseText("words").error().fields(),
            Json({{"error", "failed parsing declarative configuration: expected an object"}}));
  EXPECT_FALSE(ParseNamedText("a: 1", "kong.json"));
  EXPECT_FALSE(ParseNamedText("while true do end", "kong.lua"));
  EXPECT_FALSE(ParseNamedText("return os.exit(3)", "kong.lua"));
  EXPECT_EQ(ParseText("_format_version: \"2.1\"\n")->hash, "04ba366a7aa981359eb8aa2a5b518e07");
}

}  // namespace
}  // namespace silverback::store::declarative
