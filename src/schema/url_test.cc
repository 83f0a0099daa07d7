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

TEST(UrlChecks, WantAHostAndAScheme) {
  EXPECT_EQ(RunNamedCheck("url", "//a.test"), "missing scheme in url");
  for (const char* good : {"http://a.test", "x://a", "http://[::1]:80"})
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

TEST(PathChecks, TakeWhatAUriMayHold) {
  EXPECT_TRUE(RunNamedCheck("path", "/a:b@c!$&'()*+,;=-._~").is_null());
  for (const char* bad : {"/a b", "/a?b", "/a#b", "/[a]", "/\\", "/\xC3\xA9"})
    EXPECT_TRUE(RunNamedCheck("path", bad).is_string()) << bad;
}

TEST(PathChecks, OfRoutesMayBeRegularExpressions) {
  for (const char* good : {"/a", "/a+", "/[a]%zz", "/a b", "/(x|y)$"})
    EXPECT_TRUE(RunNamedCheck("route_path", good).is_null()) << good;
  // An escape is one in whatever could be a path.
  EXPECT_EQ(RunNamedCheck("route_path", "/a+%zz"), "invalid url-encoded value: '%zz'");
  EXPECT_EQ(RunNamedCheck("route_path", "/a("),
            "invalid regex: '/a(' (PCRE returned: pcre_compile() failed: missing ) in \"/a(\")");
  EXPECT_EQ(RunNamedCheck("route_path", "/a)b"),
            "invalid regex: '/a)b' (PCRE returned: pcre_compile() failed: unmatched parentheses in "
            "\"/a)b\" at \")b\")");
}

TEST(NameChecks, AWildcardIsTheFirstOrTheLastCharacter) {
  for (const char* good : {"*", "*.a.test", "a.test.*", "*a.test", "*.1.2.3.4"})
    EXPECT_TRUE(RunNamedCheck("wildcard_sni", good).is_null()) << good;
  EXPECT_EQ(RunNamedCheck("wildcard_sni", "a.*.b.*"),
            "wildcard must be leftmost or rightmost character");
  EXPECT_EQ(RunNamedCheck("wildcard_sni", "*.a.*"), "only one wildcard must be specified");
  EXPECT_EQ(RunNamedCheck("wildcard_sni", "*.a b"), "invalid value: wildcard.a b");
  EXPECT_EQ(RunNamedCheck("route_host", "*.a b"), "invalid hostname: abc.a b");
}

}  // namespace
}  // namespace silverback::schema
