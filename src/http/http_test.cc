#include <gtest/gtest.h>

#include "http/cookie.h"
#include "http/header.h"
#include "http/multipart.h"
#include "http/query.h"
#include "http/uri.h"

namespace silverback::http {
namespace {

TEST(Uri, SplitsPathAndQuery) {
  EXPECT_EQ(SplitTarget("/a?b=1?c").path, "/a");
  EXPECT_EQ(SplitTarget("/a?b=1?c").query, "b=1?c");
  EXPECT_EQ(SplitTarget("").path, "/");
  EXPECT_EQ(SplitTarget("?x").path, "/");
  EXPECT_EQ(SplitTarget("http://h:1/p?q").path, "/p");
  EXPECT_EQ(SplitTarget("http://h?q").query, "q");
  EXPECT_EQ(SplitTarget("/x/http://h/").path, "/x/http://h/");
}

TEST(Uri, KeepsEncodedSlashInItsSegment) {
  const auto segments = PathSegments("/a/b%2Fc/");
  ASSERT_EQ(segments.size(), 3u);
  EXPECT_EQ(segments[1], "b%2Fc");
  EXPECT_EQ(segments[2], "");
  EXPECT_TRUE(PathSegments("/").empty());
}

TEST(Query, ReadsValuesBareNamesAndEscapes) {
  const auto arguments = ParseQuery("a=1+2%26&b&=x&c=&%zz=1");
  ASSERT_EQ(arguments.size(), 4u);
  EXPECT_EQ(arguments[0].value, "1 2&");
  EXPECT_FALSE(arguments[1].value.has_value());
  EXPECT_EQ(arguments[2].value, "");
  EXPECT_EQ(arguments[3].name, "%zz");
}

TEST(Query, StopsAtItsLimit) { EXPECT_EQ(ParseQuery("a&a&a&a", 2).size(), 2u); }

TEST(Multipart, ReadsParts) {
  const auto parts = ParseMultipart(
      "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
      "--X\r\nContent-Disposition: form-data; name=\"b\"; filename=\"f;.yml\"\r\n"
      "Content-Type: text/yaml\r\n\r\nx\r\ny\r\n\r\n--X\r\n"
      "Content-Disposition: form-data; name=c\r\n\r\n\r\n--X--\r\n",
      "X");
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0].data, "1");
  EXPECT_EQ(parts[1].file_name, "f;.yml");
  EXPECT_EQ(parts[1].data, "x\r\ny\r\n");
  EXPECT_EQ(parts[2].name, "c");
  EXPECT_EQ(parts[2].data, "");
}

TEST(Multipart, DamagedBodiesGiveWhatIsWhole) {
  EXPECT_TRUE(ParseMultipart("--X\r\nno header end", "X").empty());
  EXPECT_TRUE(ParseMultipart("anything", "").empty());
  EXPECT_TRUE(ParseMultipart("--X--\r\n", "X").empty());
  EXPECT_EQ(ParseMultipart("--X\r\n\r\n1\r\n--X\r\ncut", "X").size(), 1u);
}

TEST(Multipart, FindsTheBoundary) {
  EXPECT_EQ(MultipartBoundary("multipart/form-data; boundary=\"a b\"; x=1"), "a b");
  EXPECT_EQ(MultipartBoundary("multipart/form-data"), "");
}

TEST(Header, ListMembersRespectQuotes) {
  const auto members = HeaderListMembers(" a , \"b,c\",,d");
  ASSERT_EQ(members.size(), 3u);
  EXPECT_EQ(members[1], "\"b,c\"");
}

TEST(Header, FindsWithoutCase) {
  EXPECT_EQ(*FindHeader({{"Content-Type", "x"}}, "content-type"), "x");
  EXPECT_EQ(FindHeader({}, "content-type"), nullptr);
}

TEST(Cookie, ReadsPairs) {
  const auto cookies = ParseCookies("a=1; b = 2=3 ;c; =x");
  ASSERT_EQ(cookies.size(), 2u);
  EXPECT_EQ(cookies[1].first, "b");
  EXPECT_EQ(cookies[1].second, "2=3");
}

}  // namespace
}  // namespace silverback::http
