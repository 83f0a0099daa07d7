#include "balancer/balancer.h"

#include <gtest/gtest.h>

#include <map>

#include "balancer/balancer_set.h"

namespace silverback::balancer {
namespace {

class BalancerTest : public ::testing::Test {
 protected:
  BalancerTest()
      : memory_(health::Table::BytesFor(64) + 64),
        table_(*health::Table::Attach(
            reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(memory_.data()) + 63) & ~63ul),
            health::Table::BytesFor(64))) {}

  static Target MakeTarget(const std::string& name, int weight) {
    static double created = 0;
    return Target::FromRow(
        {{"id", name}, {"target", name}, {"weight", weight}, {"created_at", ++created}});
  }
  static std::vector<Target> Ports(const std::vector<std::pair<int, int>>& ports) {
    std::vector<Target> targets;
    for (const auto& [port, weight] : ports) {
      targets.push_back(MakeTarget("127.0.0.1:" + std::to_string(port), weight));
    }
    return targets;
  }
  Balancer Make(Json upstream, std::vector<Target> targets) {
    upstream["id"] = upstream["name"] = "up";
    return Balancer(Upstream::FromRow(upstream), std::move(targets), table_, 1, 1);
  }
  static std::map<int, int> Tally(Balancer& balancer, int picks) {
    std::map<int, int> tally;
    for (int i = 0; i < picks; ++i) {
      Tried tried;
      const auto address = balancer.Pick({}, tried);
      ++tally[address ? (*address)->port : 0];
    }
    return tally;
  }
  static int Hashed(Balancer& balancer, std::string_view value) {
    Tried tried;
    const auto address = balancer.Pick({value}, tried);
    return address ? (*address)->port : 0;
  }

  std::vector<char> memory_;
  health::Table& table_;
};

using Counts = std::map<int, int>;

TEST_F(BalancerTest, RoundRobinKeepsSharesOverWholeTurns) {
  Balancer balancer = Make(Json::object(), Ports({{9100, 10}, {9101, 20}, {9102, 10}}));
  EXPECT_EQ(Tally(balancer, 4), (Counts{{9100, 1}, {9101, 2}, {9102, 1}}));
  EXPECT_EQ(Tally(balancer, 40), (Counts{{9100, 10}, {9101, 20}, {9102, 10}}));
  balancer.Update(balancer.upstream(), Ports({{9100, 5}, {9101, 3}, {9102, 0}, {9103, 8}}), 1);
  EXPECT_EQ(Tally(balancer, 16), (Counts{{9100, 5}, {9101, 3}, {9103, 8}}));
}

TEST_F(BalancerTest, WithoutWeightThereIsNobody) {
  Balancer balancer = Make(Json::object(), Ports({{9100, 0}}));
  Tried tried;
  const auto address = balancer.Pick({}, tried);
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().message(), "failure to get a peer from the ring-balancer");
}

TEST_F(BalancerTest, HugeCoprimeWeightsDoNotNeedHugeWheels) {
  std::vector<std::pair<int, int>> ports;
  for (int i = 0; i < 100; ++i) ports.emplace_back(9000 + i, 65535 - i);
  Balancer balancer = Make(Json::object(), Ports(ports));
  EXPECT_EQ(Tally(balancer, 100).count(0), 0u);
}

TEST_F(BalancerTest, ConsistentHashingPlacesAsKongDoes) {
  Balancer three =
      Make({{"algorithm", "consistent-hashing"}}, Ports({{9100, 100}, {9101, 100}, {9102, 100}}));
  const std::vector<std::pair<const char*, int>> wanted = {
      {"alice", 9100}, {"bob", 9101},   {"carol", 9101}, {"dave", 9100},
      {"eve", 9101},   {"frank", 9101}, {"1", 9101},     {"2", 9101},
      {"3", 9100},     {"a b", 9100},   {"ab", 9102},    {"ALICE", 9102},
      {"one", 9102},   {"four", 9100},  {"seven", 9101}, {"127.0.0.1", 9100}};
  for (const auto& [value, port] : wanted) EXPECT_EQ(Hashed(three, value), port) << value;
  Balancer two = Make({{"algorithm", "consistent-hashing"}}, Ports({{9100, 100}, {9101, 100}}));
  EXPECT_EQ(Hashed(two, "6c9d4c2e-0000-4000-8000-000000000001"), 9100);
  EXPECT_EQ(Hashed(two, "6c9d4c2e-0000-4000-8000-000000000002"), 9101);
  EXPECT_EQ(Hashed(two, "6c9d4c2e-0000-4000-8000-000000000003"), 9100);
}

TEST_F(BalancerTest, ConsistentHashingMovesFewKeysWhenATargetGoes) {
  Balancer before = Make({{"algorithm", "consistent-hashing"}},
                         Ports({{9100, 100}, {9101, 100}, {9102, 100}, {9103, 100}}));
  Balancer after =
      Make({{"algorithm", "consistent-hashing"}}, Ports({{9100, 100}, {9101, 100}, {9102, 100}}));
  int moved = 0, lost = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "key-" + std::to_string(i);
    const int old = Hashed(before, key);
    if (old == 9103) ++lost;
    if (old != 9103 && Hashed(after, key) != old) ++moved;
  }
  EXPECT_GT(lost, 100);
  EXPECT_LT(moved, 30);
}

TEST_F(BalancerTest, LeastConnectionsCountsByWeight) {
  Balancer balancer = Make({{"algorithm", "least-connections"}}, Ports({{9100, 100}, {9101, 60}}));
  EXPECT_EQ(Tally(balancer, 6), (Counts{{9100, 6}}));
  Tried slow;
  ASSERT_EQ((*balancer.Pick({}, slow))->port, 9100);
  EXPECT_EQ(Tally(balancer, 6), (Counts{{9101, 6}}));
  {
    Tried other;
    ASSERT_EQ((*balancer.Pick({}, other))->port, 9101);
    EXPECT_EQ(Tally(balancer, 4), (Counts{{9100, 4}}));
  }
  // A change of the targets does not forget what runs.
  balancer.Update(balancer.upstream(), Ports({{9100, 100}, {9101, 60}, {9102, 10}}), 1);
  EXPECT_EQ(Tally(balancer, 4), (Counts{{9101, 4}}));
}

TEST_F(BalancerTest, RetriesGoToOthersUntilAllWereTried) {
  for (const char* algorithm : {"round-robin", "least-connections", "consistent-hashing"}) {
    Balancer balancer =
        Make({{"algorithm", algorithm}}, Ports({{9100, 100}, {9101, 100}, {9102, 1}}));
    Tried tried;
    Counts seen;
    for (int i = 0; i < 3; ++i) ++seen[(*balancer.Pick({"x"}, tried))->port];
    EXPECT_EQ(seen.size(), 3u) << algorithm;
    EXPECT_TRUE(balancer.Pick({"x"}, tried).ok()) << algorithm;
    EXPECT_EQ(tried.count(), 4u);
  }
}

Json PassiveChecks(int http_failures, int threshold = 0) {
  return {{"threshold", threshold},
          {"passive",
           {{"healthy", {{"successes", 1}}},
            {"unhealthy", {{"http_failures", http_failures}, {"timeouts", 1}}}}}};
}

TEST_F(BalancerTest, PassiveFailuresTakeAnAddressOut) {
  Balancer balancer = Make({{"healthchecks", PassiveChecks(2)}}, Ports({{9100, 100}, {9101, 100}}));
  for (int failures = 0; failures < 2;) {
    Tried tried;
    if ((*balancer.Pick({}, tried))->port != 9101) continue;
    balancer.ReportStatus(tried, 503);
    ++failures;
  }
  EXPECT_EQ(Tally(balancer, 6), (Counts{{9100, 6}}));
  EXPECT_EQ(balancer.Health()["targets"]["127.0.0.1:9101"]["health"], "UNHEALTHY");
  balancer.SetHealth("127.0.0.1", 9101, "", true);
  EXPECT_EQ(Tally(balancer, 4), (Counts{{9100, 2}, {9101, 2}}));
  Tried tried;
  const int port = (*balancer.Pick({}, tried))->port;
  balancer.ReportStatus(tried, 504);
  EXPECT_EQ(Tally(balancer, 4), (Counts{{port == 9100 ? 9101 : 9100, 4}}));
}

TEST_F(BalancerTest, TooLittleAvailableWeightMeansNobody) {
  Balancer balancer =
      Make({{"healthchecks", PassiveChecks(9, 50)}}, Ports({{9100, 100}, {9101, 100}}));
  EXPECT_TRUE(balancer.healthy());
  balancer.SetHealth("127.0.0.1", 9100, "127.0.0.1:9100", false);
  EXPECT_FALSE(balancer.healthy());
  EXPECT_EQ(Tally(balancer, 2), (Counts{{0, 2}}));
  const Json health = balancer.Health();
  EXPECT_EQ(health["health"], "UNHEALTHY");
  EXPECT_EQ(health["details"]["weight"],
            Json({{"available", 100}, {"total", 200}, {"unavailable", 100}}));
}

TEST_F(BalancerTest, SettingHealthNeedsAKnownAddress) {
  Balancer on = Make({{"healthchecks", PassiveChecks(1)}}, Ports({{9100, 100}}));
  on.SetHealth("127.0.0.1", 9100, "1.2.3.4:9", false);
  EXPECT_TRUE(on.healthy());
}

TEST_F(BalancerTest, HealthSetByHandHoldsWithoutChecks) {
  Balancer off = Make(Json::object(), Ports({{9100, 100}, {9101, 100}}));
  off.SetHealth("127.0.0.1", 9100, "", false);
  EXPECT_EQ(Tally(off, 4), (Counts{{9101, 4}}));
  EXPECT_EQ(off.Health()["targets"]["127.0.0.1:9100"]["health"], "HEALTHCHECKS_OFF");
  // What requests meet changes nothing.
  Tried tried;
  ASSERT_TRUE(off.Pick({}, tried));
  for (int i = 0; i < 9; ++i) off.ReportTcpFailure(tried);
  EXPECT_EQ(Tally(off, 4), (Counts{{9101, 4}}));
  off.SetHealth("127.0.0.1", 9100, "", true);
  EXPECT_EQ(Tally(off, 4), (Counts{{9100, 2}, {9101, 2}}));
  // What checks have found is over with them.
  Make({{"healthchecks", PassiveChecks(1)}}, Ports({{9100, 100}, {9101, 100}}))
      .SetHealth("127.0.0.1", 9101, "", false);
  Balancer again = Make(Json::object(), Ports({{9100, 100}, {9101, 100}}));
  EXPECT_EQ(Tally(again, 4), (Counts{{9100, 2}, {9101, 2}}));
}

TEST_F(BalancerTest, HealthAnswersAsTheAdminApiPrintsIt) {
  Balancer balancer = Make(Json::object(), Ports({{9100, 100}, {9101, 0}}));
  const Json health = balancer.Health();
  EXPECT_EQ(health["health"], "HEALTHCHECKS_OFF");
  EXPECT_FALSE(health.contains("details"));
  const Json wanted = Json::parse(R"({"addresses":[{"health":"HEALTHCHECKS_OFF","ip":"127.0.0.1",
      "port":9100,"weight":100}],"dns":"A","host":"127.0.0.1","nodeWeight":100,"port":9100,
      "weight":{"available":100,"total":100,"unavailable":0}})");
  EXPECT_EQ(health["targets"]["127.0.0.1:9100"]["data"], wanted);
  EXPECT_EQ(health["targets"]["127.0.0.1:9101"]["data"]["nodeWeight"], 0);
}

TEST_F(BalancerTest, NamesGetTheirAddressesFromTheCaller) {
  Balancer balancer = Make(Json::object(), {MakeTarget("srv.test:80", 10)});
  EXPECT_EQ(balancer.Names(), (std::vector<std::pair<std::string, int>>{{"srv.test", 80}}));
  EXPECT_EQ(Tally(balancer, 1), (Counts{{0, 1}}));
  EXPECT_EQ(balancer.Health()["targets"]["srv.test:80"]["health"], "DNS_ERROR");
  balancer.SetAddresses("srv.test", 80, {{"10.0.0.1", 8001, 30}, {"10.0.0.2", 8002, 0}}, "SRV", 1);
  EXPECT_EQ(Tally(balancer, 31), (Counts{{8001, 30}, {8002, 1}}));
  Tried tried;
  EXPECT_EQ((*balancer.Pick({}, tried))->bare_host, "srv.test");
  balancer.SetAddresses("srv.test", 80, {{"10.0.0.3", 0, -1}}, "A", 1);
  EXPECT_EQ(Tally(balancer, 2), (Counts{{80, 2}}));
}

TEST_F(BalancerTest, HealthOutlivesTheBalancer) {
  const Json row = {{"healthchecks", PassiveChecks(1)}};
  Make(row, Ports({{9100, 100}, {9101, 100}})).SetHealth("127.0.0.1", 9100, "", false);
  Balancer again = Make(row, Ports({{9100, 100}, {9101, 100}}));
  EXPECT_EQ(Tally(again, 4), (Counts{{9101, 4}}));
}

TEST_F(BalancerTest, SetKeepsWhatHasNotChanged) {
  BalancerSet set(table_, 1);
  const auto row = [](Json json) { return std::make_shared<const Json>(std::move(json)); };
  const auto a = row({{"id", "1"}, {"name", "a"}}), b = row({{"id", "2"}, {"name", "b"}});
  const auto t = row({{"id", "t"}, {"target", "127.0.0.1:1"}, {"upstream", {{"id", "1"}}}});
  EXPECT_EQ(set.Apply({{nullptr, a}, {nullptr, b}}, {{nullptr, t}}, 1).updated.size(), 2u);
  const auto kept = set.ByName("a");
  ASSERT_TRUE(kept);
  EXPECT_EQ(set.Apply({}, {}, 1).updated.size(), 0u);
  const auto changes = set.Apply({{b, nullptr}}, {{t, nullptr}}, 1);
  EXPECT_EQ(changes.removed, std::vector<std::string>{"2"});
  ASSERT_EQ(changes.updated.size(), 1u);
  EXPECT_EQ(set.ById("1"), kept);
  EXPECT_FALSE(set.ByName("b"));
  Tried tried;
  EXPECT_FALSE(kept->Pick({}, tried).ok());
}

TEST_F(BalancerTest, SetFollowsNamesAndTargetsThatMove) {
  BalancerSet set(table_, 1);
  const auto row = [](Json json) { return std::make_shared<const Json>(std::move(json)); };
  const auto a = row({{"id", "1"}, {"name", "a"}}), b = row({{"id", "2"}, {"name", "b"}});
  const auto at = [&](const char* upstream) {
    return row({{"id", "t"}, {"target", "127.0.0.1:1"}, {"upstream", {{"id", upstream}}}});
  };
  // Targets may be known before their upstream.
  const auto first = at("1"), second = at("2");
  EXPECT_TRUE(set.Apply({}, {{nullptr, first}}, 1).updated.empty());
  set.Apply({{nullptr, a}, {nullptr, b}}, {}, 1);
  EXPECT_EQ(Tally(*set.ByName("a"), 1), (Counts{{1, 1}}));
  set.Apply({}, {{first, second}}, 1);
  EXPECT_EQ(Tally(*set.ByName("a"), 1), (Counts{{0, 1}}));
  EXPECT_EQ(Tally(*set.ByName("b"), 1), (Counts{{1, 1}}));
  // They swap their names.
  const auto a2 = row({{"id", "1"}, {"name", "b"}}), b2 = row({{"id", "2"}, {"name", "a"}});
  set.Apply({{a, a2}, {b, b2}}, {}, 1);
  EXPECT_EQ(set.ByName("a"), set.ById("2"));
  EXPECT_EQ(set.ByName("b"), set.ById("1"));
  // An upstream that comes back finds its targets, which nobody has taken away.
  set.Apply({{b2, nullptr}}, {}, 1);
  EXPECT_TRUE(set.Apply({{nullptr, b2}}, {}, 1).removed.empty());
  EXPECT_EQ(Tally(*set.ByName("a"), 1), (Counts{{1, 1}}));
}

}  // namespace
}  // namespace silverback::balancer
