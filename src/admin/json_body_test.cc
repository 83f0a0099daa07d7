#include "admin/json_body.h"

#include <gtest/gtest.h>

namespace silverback::admin {
namespace {

TEST(JsonBody, IsAlwaysAnObject) {
  EXPECT_EQ(*ReadJsonBody("{}"), Json::object());
  EXPECT_EQ(*ReadJsonBody("[]"), Json::object());
  EXPECT_EQ(*ReadJsonBody("[5]"), (Json{{"1", 5}}));
  for (const char* text :
       {"", "null", "\"x\"", "1", "{", "{} x", "{'a':1}", "{\"a\":\"\\ud83d\"}"}) {
    EXPECT_FALSE(ReadJsonBody(text)) << text;
  }
}

TEST(JsonBody, LastOfEqualNamesWins) { EXPECT_EQ((*ReadJsonBody("{\"a\":1,\"a\":2}"))["a"], 2); }

TEST(JsonBody, MayHoldLineEndsWithinTexts) {
  EXPECT_EQ((*ReadJsonBody("{\"a\":\"x\ny\tz\\n\"}"))["a"], "x\ny\tz\n");
  EXPECT_EQ((*ReadJsonBody("{\"a\":\"\\\"\n\\\\\",\n\"b\":1}"))["a"], "\"\n\\");
  EXPECT_EQ((*ReadJsonBody("{\"a\":\"\xff\n\"}"))["a"], "\xff\n");
  EXPECT_FALSE(ReadJsonBody(std::string_view("{\"a\":\"x\0\"}", 10)));
  EXPECT_FALSE(ReadJsonBody("{\"a\":\"x\n"));
}

TEST(JsonBody, MayWriteNumbersAsCDoes) {
  EXPECT_EQ((*ReadJsonBody("{\"a\":0x50}"))["a"], 80);
  EXPECT_EQ((*ReadJsonBody("{\"a\":080,\"b\":-007}"))["b"], -7);
  EXPECT_EQ((*ReadJsonBody("{\"a\":1.,\"b\":2}"))["a"], 1);
  EXPECT_EQ((*ReadJsonBody("[00]"))["1"], 0);
  for (const char* text : {"{\"a\":+1}", "{\"a\":.5}", "{\"a\":1x}", "{\"a\":-}", "{\"a\":1e}",
                           "{\"a\":NaN}", "{\"a\":1e999}", "{0x1:1}", "{\"a\":True}"})
    EXPECT_FALSE(ReadJsonBody(text)) << text;
}

TEST(JsonBody, HasNoByteOrderMark) { EXPECT_FALSE(ReadJsonBody("\xef\xbb\xbf{}")); }

TEST(JsonBody, KeepsBrokenUtf8ForTheCheck) {
  const auto body = ReadJsonBody("{\"n\":\"x\xff\",\"t\":[\"\xc3\xa9\",\"\xc0\xaf\"]}");
  ASSERT_TRUE(body);
  EXPECT_EQ((*body)["n"], "x\xff");
  EXPECT_EQ((*body)["t"][0], "\xc3\xa9");
  EXPECT_EQ((*body)["t"][1], "\xc0\xaf");
}

TEST(JsonBody, RefusesDeepNesting) {
  EXPECT_FALSE(ReadJsonBody(std::string(100000, '[') + std::string(100000, ']')));
}

TEST(JsonBody, FindsTheFirstByteThatIsNotUtf8) {
  EXPECT_EQ(InvalidUtf8At(""), 0u);
  EXPECT_EQ(InvalidUtf8At("\xf0\x9f\x98\x80"), 0u);
  EXPECT_EQ(InvalidUtf8At("x\xff"), 2u);
  EXPECT_EQ(InvalidUtf8At("\xc0\xaf"), 1u);          // overlong
  EXPECT_EQ(InvalidUtf8At("\xed\xa0\x80"), 1u);      // surrogate
  EXPECT_EQ(InvalidUtf8At("\xf4\x90\x80\x80"), 1u);  // above U+10FFFF
  EXPECT_EQ(InvalidUtf8At("a\xe2\x82"), 2u);         // cut
}

}  // namespace
}  // namespace silverback::admin
