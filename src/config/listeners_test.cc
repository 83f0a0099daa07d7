#include "config/listeners.h"

#include <gtest/gtest.h>

#include "config/addresses.h"

namespace silverback::config {
namespace {

// The listen line, or what is wrong.
std::string Listen(std::string_view property, const std::string& entry) {
  const auto listeners = ParseListeners(property, {entry});
  if (!listeners) return "error";
  return listeners->empty() ? "off" : (*listeners)[0].listen;
}

TEST(Listeners, OrderFlagsAsNginxWritesThem) {
  EXPECT_EQ(Listen("proxy_listen", "127.0.0.1:8000"), "127.0.0.1:8000");
  EXPECT_EQ(Listen("proxy_listen", "0.0.0.0:8443 backlog=16384 reuseport http2  ssl bind deferred"),
            "0.0.0.0:8443 ssl http2 deferred bind reuseport backlog=16384");
  EXPECT_EQ(Listen("stream_listen", "127.0.0.1:9000 udp reuseport"),
            "127.0.0.1:9000 udp reuseport");
  EXPECT_EQ(Listen("proxy_listen", "[::]:80 ipv6only=on so_keepalive=30m::10"),
            "[0000:0000:0000:0000:0000:0000:0000:0000]:80 ipv6only=on so_keepalive=30m::10");
}

TEST(Listeners, TakeNamesAndWildcards) {
  EXPECT_EQ(Listen("proxy_listen", "*:8000 ssl"), "*:8000 ssl");
  EXPECT_EQ(Listen("proxy_listen", "localhost:8000"), "localhost:8000");
  EXPECT_EQ(Listen("proxy_listen", "[::1]:8000"), "[0000:0000:0000:0000:0000:0000:0000:0001]:8000");
}

TEST(Listeners, OffGivesNone) {
  EXPECT_EQ(Listen("proxy_listen", "off"), "off");
  EXPECT_TRUE(ParseListeners("proxy_listen", {"off", "127.0.0.1:8000"})->empty());
  EXPECT_FALSE(ParseListeners("proxy_listen", {"127.0.0.1:8000", "off"}));
}

TEST(Listeners, RefuseWhatNginxWouldNotTake) {
  for (const char* entry : {"8000", "127.0.0.1", "::1:8000", "[::1]", "1.2.3.4.5:80",
                            "300.1.1.1:80", "127.0.0.1:8000 sll", "127.0.0.1:8000 backlog=abc",
                            "127.0.0.1:65536", "", "127.0.0.1:8000 udp", ":80", "localhost:port"}) {
    EXPECT_EQ(Listen("proxy_listen", entry), "error") << entry;
  }
  EXPECT_EQ(Listen("stream_listen", "127.0.0.1:9000 http2"), "error");
  EXPECT_EQ(Listen("status_listen", "127.0.0.1:8100 reuseport"), "error");
  EXPECT_FALSE(ParseListeners("admin_listen", {}));
}

TEST(Listeners, UsageNamesThePropertyAndItsFlags) {
  EXPECT_EQ(ParseListeners("status_listen", {"x"}).error().message(),
            "status_listen must be of form: [off] | <ip>:<port> [ssl], [... next entry ...]");
  EXPECT_EQ(ParseListeners("stream_listen", {"x"}).error().message(),
            "stream_listen must be of form: [off] | <ip>:<port> [udp] [ssl] [proxy_protocol] "
            "[bind] [reuseport] [backlog=%d+], [... next entry ...]");
}

TEST(Listeners, AreShownWithEveryFlag) {
  const auto listeners = ParseListeners("admin_listen", {"127.0.0.1:8001 ssl backlog=5"});
  ASSERT_TRUE(listeners);
  EXPECT_EQ(ShowListener("admin_listen", (*listeners)[0]).dump(),
            R"({"backlog=5":true,"bind":false,"deferred":false,"http2":false,"ip":"127.0.0.1",)"
            R"("listener":"127.0.0.1:8001 ssl backlog=5","port":8001,"proxy_protocol":false,)"
            R"("reuseport":false,"ssl":true})");
}

TEST(Addresses, AreNormalised) {
  EXPECT_EQ(ParseAddress("8.8.8.8:53")->port, 53);
  EXPECT_EQ(ParseAddress("010.1.2.3")->host, "10.1.2.3");
  EXPECT_EQ(ParseAddress("2001:DB8::1")->host, "2001:0db8:0000:0000:0000:0000:0000:0001");
  EXPECT_EQ(ParseAddress("[::1]:53")->port, 53);
  EXPECT_EQ(ParseAddress("a-b.example:9042")->kind, Address::kName);
  EXPECT_EQ(ParseAddress("node_1:x").error().message(), "invalid hostname: node_1:x");
  EXPECT_EQ(ParseAddress("a:70000").error().message(), "invalid port number: a:70000");
  EXPECT_FALSE(ParseAddress(""));
  EXPECT_FALSE(ParseAddress("a..b"));
  EXPECT_FALSE(ParseAddress("1.2.3"));
}

TEST(Addresses, BlocksHaveAPrefixThatFits) {
  for (const char* good : {"10.0.0.0/8", "1.2.3.4", "::1", "fe80::/10", "0.0.0.0/0"}) {
    EXPECT_TRUE(IsIpOrBlock(good)) << good;
  }
  for (const char* bad : {"10.0.0.0/33", "localhost", "", "/8", "10.0.0/8", "::/129", "1.2.3.4/"}) {
    EXPECT_FALSE(IsIpOrBlock(bad)) << bad;
  }
}

}  // namespace
}  // namespace silverback::config
