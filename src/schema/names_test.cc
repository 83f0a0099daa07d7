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

TEST(HostPort, SaysWhatIsWrong) {
  EXPECT_EQ(ParseHostPort("a.test").error, "");
  EXPECT_EQ(ParseHostPort("a.test.:080").error, "");
  EXPECT_EQ(ParseHostPort("a.test:99999").error, kInvalidPort);
  EXPECT_EQ(ParseHostPort("1.1.1.1:70000").error, kInvalidPort);
  EXPECT_EQ(ParseHostPort("[::1]:70000").error, kInvalidPort);
  EXPECT_EQ(ParseHostPort("a-.test:1").error, "invalid hostname: a-.test:1");
  EXPECT_EQ(ParseHostPort("a:b").error, "invalid hostname: a:b");
  EXPECT_EQ(ParseHostPort("1:b").error, "invalid hostname: 1:b");
  EXPECT_EQ(ParseHostPort("300.1.1.1").error, "invalid ipv4 address: 300.1.1.1");
  EXPECT_EQ(ParseHostPort("1::x").error, "invalid ipv6 address: 1::x");
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
