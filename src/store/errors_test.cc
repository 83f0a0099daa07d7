#include "store/errors.h"

#include <gtest/gtest.h>

namespace silverback::store {
namespace {

TEST(LuaTable, IsWrittenAsKongDoes) {
  EXPECT_EQ(LuaTable({{"name", "x"}, {"consumer", nullptr}}), "{consumer=null,name=\"x\"}");
  EXPECT_EQ(LuaTable({{"services", Json::array({{{"host", "required field missing"}}})}}),
            "{services={{host=\"required field missing\"}}}");
  EXPECT_EQ(LuaTable({{"services", Json::array({nullptr, {{"host", "x"}}})}}),
            "{services={[2]={host=\"x\"}}}");
  EXPECT_EQ(LuaTable({{"@entity", Json::array({"a", "b"})}, {"end", 1}, {"t", true}}),
            "{[\"@entity\"]={\"a\",\"b\"},[\"end\"]=1,t=true}");
}

TEST(LuaTable, QuotesTexts) {
  EXPECT_EQ(LuaTable("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(LuaTable("a\nb"), "[[a\nb]]");
  EXPECT_EQ(LuaTable("a]]b"), "[=[a]]b]=]");
  EXPECT_EQ(LuaTable("a\r\nb"), "\"a\\r\\\nb\"");
}

}  // namespace
}  // namespace silverback::store
