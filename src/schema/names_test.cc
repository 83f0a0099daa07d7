#include "schema/names.h"

#include <gtest/gtest.h>

namespace silverback::schema {
namespace {

TEST(HostPort, TellsNamesFromAddresses) {
  EXPECT_TRUE(ParseHostPort("a.test").valid);
  EXPECT_EQ(ParseHostPort("a.test:80").port, 80);
  EXPECT_TRUE(ParseHostPort("1.2.3.4:80").is_ip);
  EXPECT_TRUE(ParseHostPort("::1").is_ip);
  EXPECT_EQ(ParseHostPort("[::1]:8080").port, 8080);
  for (const char* bad : {"", "a b", "a.test:x", "300.1.1.1", "a:70000", "[::1", "..", "a..b"}) {
    EXPECT_FALSE(ParseHostPort(bad).valid) << bad;
  }
}

TEST(Cidr, ChecksTheBits) {
  EXPECT_TRUE(IsIpOrCidr("10.0.0.0/8"));
  EXPECT_TRUE(IsIpOrCidr("::/0"));
  EXPECT_FALSE(IsIpOrCidr("1.1.1.1/40"));
  EXPECT_FALSE(IsIpOrCidr("x"));
}

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_FALSE(InvalidUtf8At("a\xC3\xA9"));
  EXPECT_EQ(InvalidUtf8At("a\xff"), 2u);
  EXPECT_EQ(InvalidUtf8At("\xC3"), 1u);
}

}  // namespace
}  // namespace silverback::schema
