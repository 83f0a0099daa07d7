#include "store/postgres/migrations/apis.h"

#include <gtest/gtest.h>

namespace silverback::store::postgres::migrations {
namespace {

std::string Parts(std::string_view url) {
  const auto parsed = ParseUpstreamUrl(url);
  if (!parsed) return parsed.error().message();
  return parsed->protocol + " " + parsed->host + " " + std::to_string(parsed->port) + " " +
         parsed->path;
}

TEST(ParseUpstreamUrl, GivesThePartsOfAService) {
  EXPECT_EQ(Parts("http://example.com"), "http example.com 80 ");
  EXPECT_EQ(Parts("https://example.com/a/b"), "https example.com 443 /a/b");
  EXPECT_EQ(Parts("HTTP://10.0.0.1:8080/"), "http 10.0.0.1 8080 /");
  EXPECT_EQ(Parts("http://user:secret@example.com:81"), "http example.com 81 ");
  EXPECT_EQ(Parts("http://[::1]:8080/x"), "http [::1] 8080 /x");
  EXPECT_EQ(Parts("http://[::1]/x"), "http [::1] 80 /x");
}

TEST(ParseUpstreamUrl, RefusesWhatIsNone) {
  for (const char* url : {"example.com", "http://", "http:///x", "http://example.com:eighty", ""}) {
    EXPECT_EQ(Parts(url), "the upstream_url '" + std::string(url) + "' is no URL");
  }
}

}  // namespace
}  // namespace silverback::store::postgres::migrations
