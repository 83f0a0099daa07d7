#include "dns/settings.h"

#include <gtest/gtest.h>

namespace silverback::dns {
namespace {

using Strings = std::vector<std::string>;

TEST(ResolvConfTest, ReadsWhatMatters) {
  const ResolvConf conf = ResolvConf::Parse(
      "# made by hand\n"
      "nameserver 10.0.0.1 ; first\n"
      "nameserver fe80::1%eth0\n"
      "nameserver [2001:db8::1]:5353\n"
      "domain early.test\n"
      "search One.test two.test . a b c d e\n"
      "options ndots:3 timeout:7 rotate attempts:x unknown:1 edns0\n"
      "\tnameserver 10.0.0.3\nnameserver 10.0.0.4\n");
  EXPECT_EQ(conf.nameservers, (Strings{"10.0.0.1", "[2001:db8::1]:5353", "10.0.0.3"}));
  EXPECT_EQ(conf.search, (Strings{"one.test", "two.test", ".", "a", "b", "c"}));
  EXPECT_EQ(conf.ndots, 3);
  EXPECT_EQ(conf.timeout, 7);
  EXPECT_FALSE(conf.attempts);
  EXPECT_TRUE(conf.rotate);
}

TEST(ResolvConfTest, TheEnvironmentWins) {
  ResolvConf conf = ResolvConf::Parse("search a.test\noptions ndots:2\n");
  conf.ApplyEnvironment("", "");
  EXPECT_EQ(conf.search, Strings{"a.test"});
  conf.ApplyEnvironment(" B.test c.test", "ndots:5 attempts:2");
  EXPECT_EQ(conf.search, (Strings{"b.test", "c.test"}));
  EXPECT_EQ(conf.ndots, 5);
  EXPECT_EQ(conf.attempts, 2);
}

TEST(SettingsTest, NameserversOfTheConfigurationWin) {
  const ResolvConf file =
      ResolvConf::Parse("nameserver 10.0.0.1\nsearch . x.test\noptions attempts:0 timeout:0\n");
  Settings settings;
  settings.nameservers = {"10.9.9.9:5353"};
  settings.Use(file);
  EXPECT_EQ(settings.nameservers, Strings{"10.9.9.9:5353"});
  EXPECT_EQ(settings.search, Strings{"x.test"});
  EXPECT_EQ(settings.attempts, 1u);
  EXPECT_EQ(settings.timeout, 2);
}

TEST(SettingsTest, Order) {
  Settings settings;
  settings.SetOrder({"SRV", "last", "AAAA", "A", "nonsense"});
  EXPECT_TRUE(settings.last);
  EXPECT_EQ(settings.order, (std::vector<Type>{Type::kSrv, Type::kAaaa, Type::kA}));
}

TEST(HostsTest, FirstAddressOfAFamilyWins) {
  const Hosts hosts = ParseHosts(
      "127.0.0.1 localhost\n"
      "10.0.0.1 One.test one # comment\n"
      "10.0.0.2 one.test\n"
      "[2001:db8::1] one.test six.test\n"
      "nonsense two.test\n10.0.0.3\n");
  EXPECT_EQ(hosts.at("one.test").ipv4, "10.0.0.1");
  EXPECT_EQ(hosts.at("one").ipv4, "10.0.0.1");
  EXPECT_EQ(hosts.at("one.test").ipv6, "2001:db8::1");
  EXPECT_EQ(hosts.at("six.test").ipv4, "");
  EXPECT_FALSE(hosts.contains("two.test"));
  EXPECT_EQ(hosts.at("localhost").ipv6, "");
  EXPECT_EQ(ParseHosts("").at("localhost").ipv6, "::1");
}

}  // namespace
}  // namespace silverback::dns
