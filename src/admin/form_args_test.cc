#include "admin/form_args.h"

#include <gtest/gtest.h>

namespace silverback::admin {
namespace {

Json Decode(std::string_view text) { return DecodeArguments(http::ParseQuery(text)); }

TEST(FormArgs, PlainNamesAndRepeats) {
  EXPECT_EQ(Decode("a=1&b=&c"), (Json{{"a", "1"}, {"b", ""}, {"c", true}}));
  EXPECT_EQ(Decode("t=a&t=b")["t"], Json::array({"a", "b"}));
}

TEST(FormArgs, DotsMakeObjects) {
  EXPECT_EQ(Decode("a.b=1&a.c.d=2")["a"], (Json{{"b", "1"}, {"c", {{"d", "2"}}}}));
  EXPECT_EQ(Decode(".a=1&b.=2"), (Json{{".a", "1"}, {"b.", "2"}}));
}

TEST(FormArgs, BracketsMakeLists) {
  EXPECT_EQ(Decode("a[]=1")["a"], Json::array({"1"}));
  EXPECT_EQ(Decode("a[]=1&a[]=2")["a"], Json::array({"1", "2"}));
  EXPECT_EQ(Decode("a[2]=y&a[1]=x&a[10]=z")["a"], Json::array({"x", "y", "z"}));
  EXPECT_EQ(Decode("h.x-a[]=1&h.x-a[]=2")["h"]["x-a"], Json::array({"1", "2"}));
  const Json sources = Decode("s[1].ip=1.2.3.4&s[1].port=80&s[2].port=81")["s"];
  EXPECT_EQ(sources[0]["port"], "80");
  EXPECT_EQ(sources[1], (Json{{"port", "81"}}));
}

TEST(FormArgs, HugeIndexesAndDepthCostNothing) {
  EXPECT_EQ(Decode("a[999999999]=x")["a"], Json::array({"x"}));
  EXPECT_EQ(Decode("a[9999999999999999999]=x"), (Json{{"a[9999999999999999999]", "x"}}));
  std::string deep = "a";
  for (int i = 0; i < 1000; ++i) deep += ".a";
  EXPECT_TRUE(Decode(deep + "=1").contains(deep));
}

TEST(FormArgs, ValueAndMembersOfOneNameStayVisible) {
  EXPECT_EQ(Decode("a=1&a.b=2")["a"], Json::array({"1", Json{{"b", "2"}}}));
}

TEST(FormArgs, NumbersAsInLua) {
  EXPECT_EQ(LuaNumber(" 5 "), 5);
  EXPECT_EQ(LuaNumber("0x10"), 16);
  EXPECT_EQ(LuaNumber("1e2"), 100);
  EXPECT_FALSE(LuaNumber(""));
  EXPECT_FALSE(LuaNumber("5x"));
  EXPECT_FALSE(LuaNumber("nan"));
  EXPECT_FALSE(LuaNumber("infinity"));
  EXPECT_TRUE(FormNumber("5.0")->is_number_integer());
  EXPECT_TRUE(FormNumber("5.5")->is_number_float());
}

}  // namespace
}  // namespace silverback::admin
