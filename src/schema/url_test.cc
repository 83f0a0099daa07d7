#include "schema/url.h"

#include <gtest/gtest.h>

#include "schema/validate.h"

namespace silverback::schema {
namespace {

TEST(ParseUrl, TakesItApart) {
  const Url url = ParseUrl("HTTP://user:pw@a.test:80/p/q;x?y=1#z");
  EXPECT_EQ(url.scheme, "HTTP");
  EXPECT_TRUE(url.has_user);
  EXPECT_EQ(url.host, "a.test");
  EXPECT_EQ(url.port, "80");
  EXPECT_EQ(url.path, "/p/q");
  EXPECT_TRUE(url.has_fragment);
}

TEST(ParseUrl, TakesAnyText) {
  EXPECT_EQ(ParseUrl("").host, "");
  EXPECT_EQ(ParseUrl("a.test").path, "a.test");
  EXPECT_EQ(ParseUrl("a.test:80").scheme, "a.test");
  EXPECT_EQ(ParseUrl("//a.test/x").host, "a.test");
  EXPECT_FALSE(ParseUrl("my app://x").scheme);
  EXPECT_EQ(ParseUrl("http://u@/x").host, "");
  EXPECT_EQ(ParseUrl("http://:80").host, "");
  EXPECT_EQ(ParseUrl("http://a.test?x").host, "a.test?x");
  EXPECT_EQ(ParseUrl("http://[::1]:8080/").host, "::1");
  EXPECT_EQ(ParseUrl("http://[::1]:8080/").port, "8080");
  EXPECT_EQ(ParseUrl("http://[::1]/").port, std::nullopt);
}

TEST(UrlChecks, WantAHost) {
  for (const char* good : {"http://a.test", "x://a", "//a.test", "http://[::1]:80"})
    EXPECT_TRUE(RunNamedCheck("url", good).is_null()) << good;
  for (const char* bad : {"a.test", "http://", "http:///x", "http://:80", "http://u@/", "http:a"})
    EXPECT_EQ(RunNamedCheck("url", bad), "missing host in url") << bad;
}

TEST(UrlChecks, RedirectsHaveSchemeAndHostAndNoFragment) {
  for (const char* good : {"http://a.test", "app+x://a/cb", "https://a.test:1/?q"})
    EXPECT_TRUE(RunNamedCheck("redirect_uri", good).is_null()) << good;
  for (const char* bad : {"nope", "//a.test", "http:///x", "my app://x", "http://"})
    EXPECT_EQ(RunNamedCheck("redirect_uri", bad), "cannot parse '" + std::string(bad) + "'");
  EXPECT_EQ(RunNamedCheck("redirect_uri", "http://a/#b"), "fragment not allowed in 'http://a/#b'");
}

TEST(PathChecks, ShowTheBadEscapeWithTheGoodOnesBlackedOut) {
  EXPECT_EQ(RunNamedCheck("path", "/%zz"), "invalid url-encoded value: '%zz'");
  EXPECT_EQ(RunNamedCheck("path", "/%a%20"), "invalid url-encoded value: '%a_'");
  EXPECT_EQ(RunNamedCheck("path", "/%20%"), "invalid url-encoded value: '%'");
  EXPECT_TRUE(RunNamedCheck("path", "/%20%2f").is_null());
}

}  // namespace
}  // namespace silverback::schema
