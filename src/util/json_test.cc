#include "util/json.h"

#include <gtest/gtest.h>

namespace silverback {
namespace {

TEST(ParseJson, KeepsIntegralNumbersAsIntegers) {
  EXPECT_EQ(DumpJson(*ParseJson(R"({"a":1.0,"b":[1e3,0.5]})")), R"({"a":1,"b":[1000,0.5]})");
}

TEST(ParseJson, RefusesTooDeepAndMalformedText) {
  EXPECT_FALSE(ParseJson(std::string(200, '[') + std::string(200, ']')));
  EXPECT_FALSE(ParseJson("{"));
  EXPECT_FALSE(ParseJson("\"\xff\""));
}

// However a text is read, it means what nlohmann's reader takes it for.
TEST(ParseJson, AgreesWithTheCarefulReader) {
  const std::string texts[] = {
      "",
      " ",
      "null",
      "tru",
      "-",
      "-0",
      "-1",
      "01",
      "1.",
      "1e5",
      "0.1",
      "-12.5e-3",
      "1e400",
      "9223372036854775807",
      "9223372036854775808",
      "18446744073709551615",
      "18446744073709551616",
      "-9223372036854775808",
      "-9223372036854775809",
      "1 2",
      "[1,]",
      "[1 ,2 , [ ] ,{ }]",
      "{\"b\":1,\"a\":{\"c\":[null,true,false,\"x\"]},\"b\":2}",
      "{\"a\":1,}",
      "{a:1}",
      "NaN",
      "\"\\n\\t\\/\\\"\\\\\"",
      "\"\\u00e9\\ud83d\\ude00\"",
      "\"\\ud83d\"",
      "\"\\udc00\"",
      "\"\\x\"",
      "\"\xC3\xA9\"",
      "\"\xC3\"",
      "\"\xED\xA0\x80\"",
      "\"\xF4\x90\x80\x80\"",
      "\"a\tb\"",
      "\xEF\xBB\xBF{}",
      std::string("{}\0", 3),
      std::string("{}\0x", 4),
      std::string("\"a\0b\"", 5),
      "// comment\n1",
  };
  for (const std::string& text : texts) {
    const Json careful = Json::parse(text, nullptr, false);
    const auto quick = ParseJson(text);
    ASSERT_EQ(static_cast<bool>(quick), !careful.is_discarded()) << text;
    if (quick) {
      EXPECT_EQ(*quick, careful) << text;
    }
  }
}

TEST(ParseJson, TakesAHundredLevelsAndNoMore) {
  const auto nested = [](size_t levels) {
    return ParseJson(std::string(levels, '[') + "1" + std::string(levels, ']'));
  };
  EXPECT_TRUE(nested(100));
  ASSERT_FALSE(nested(101));
  EXPECT_EQ(nested(101).error().message(), "too many levels of nesting");
}

TEST(DumpJson, WritesWhatReadsTheSame) {
  const Json value = {{"text", "a\"b\\c\n\x01 \xC3\xA9 /"},
                      {"k\"ey", nullptr},
                      {"none", Json::array()},
                      {"empty", Json::object()},
                      {"numbers", {0, -7, 1u, 1e15, 0.25, -1.5e-7, 1e300}},
                      {"flags", {true, false}},
                      {"big", uint64_t{18446744073709551615u}}};
  EXPECT_EQ(DumpJson(value), DumpJson(*ParseJson(DumpJson(value))));
  EXPECT_EQ(DumpJson(value["text"]), value["text"].dump());
  EXPECT_EQ(DumpJson(value["numbers"]), "[0,-7,1,1000000000000000,0.25,-1.5e-07,1e+300]");
  EXPECT_EQ(DumpJson({{"k\"ey", 1}}), R"({"k\"ey":1})");
}

TEST(DumpJson, ReplacesInvalidUtf8) { EXPECT_EQ(DumpJson(Json("a\xff")), "\"a\xEF\xBF\xBD\""); }

TEST(Members, NullAndWrongTypesCountAsAbsent) {
  const Json value = {{"a", nullptr}, {"b", 3}, {"service", {{"id", "x"}}}};
  EXPECT_EQ(StringMember(value, "a", "d"), "d");
  EXPECT_EQ(StringMember(value, "b", "d"), "d");
  EXPECT_EQ(NumberMember(value, "b"), 3);
  EXPECT_EQ(ForeignId(value, "service"), "x");
  EXPECT_EQ(ForeignId(value, "route"), "");
}

}  // namespace
}  // namespace silverback
