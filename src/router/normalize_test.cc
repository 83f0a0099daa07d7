#include "router/normalize.h"

#include <gtest/gtest.h>

namespace silverback::router {
namespace {

struct Case {
  const char* path;
  const char* normalized;
  const char* escaped;
};

TEST(NormalizeTest, DecodesMergesAndRemovesAsKongDoes) {
  const Case cases[] = {
      {"/a%20b", "/a b", "/a%20b"},
      {"/a%2Fb", "/a%2Fb", "/a%2Fb"},
      {"/a%2fb", "/a%2Fb", "/a%2Fb"},
      {"/%41%42c", "/ABc", "/ABc"},
      {"/a%7Eb", "/a~b", "/a~b"},
      {"/a%25b", "/a%25b", "/a%25b"},
      {"/a%c3%a9b",
       "/a\xc3\xa9"
       "b",
       "/a%C3%A9b"},
      {"/a//b", "/a/b", "/a/b"},
      {"//a", "/a", "/a"},
      {"/a/./b", "/a/b", "/a/b"},
      {"/a/../b", "/b", "/b"},
      {"/a/..", "/", "/"},
      {"/a/.", "/a/", "/a/"},
      {"/dots/%2e%2e/z", "/z", "/z"},
      {"/../b", "/b", "/b"},
      {"/strip..x", "/strip..x", "/strip..x"},
      {"/a'b(c)*!$&,=:@;p=1", "/a'b(c)*!$&,=:@;p=1", "/a'b(c)*!$&,=:@;p=1"},
      {"/a|b", "/a|b", "/a%7Cb"},
      {"/a\\b", "/a\\b", "/a%5Cb"},
      {"/a[b]", "/a[b]", "/a[b]"},
      {"/a%zz%", "/a%zz%", "/a%zz%"},
      {"", "", ""},
      {"/", "/", "/"},
      {"..", "", ""},
      {"../a", "a", "a"},
      {"*", "*", "*"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(NormalizePath(c.path), c.normalized) << c.path;
    EXPECT_EQ(EscapePath(NormalizePath(c.path)), c.escaped) << c.path;
    if (IsNormalizedPath(c.path)) {
      EXPECT_EQ(NormalizePath(c.path), c.path);
    }
  }
}

TEST(NormalizeTest, PatternsKeepTheirMeaning) {
  EXPECT_EQ(NormalizeRegex("/a%20b/\\d+"), "/a b/\\d+");
  EXPECT_EQ(NormalizeRegex("/a%2eb(c)"), "/a\\.b(c)");
  EXPECT_EQ(NormalizeRegex("/a%2fb*"), "/a%2Fb*");
}

TEST(NormalizeTest, TellsPatternsByTheirCharacters) {
  EXPECT_FALSE(IsRegexPath("/a/B-1_2.~%20"));
  EXPECT_TRUE(IsRegexPath("/a b"));
  EXPECT_TRUE(IsRegexPath("/a$"));
  EXPECT_TRUE(IsRegexPath("/\\d"));
}

}  // namespace
}  // namespace silverback::router
