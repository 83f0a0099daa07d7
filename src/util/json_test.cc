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
