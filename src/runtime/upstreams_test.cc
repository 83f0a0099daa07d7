#include "runtime/upstreams.h"

#include <gtest/gtest.h>

namespace silverback::runtime {
namespace {

class FakeLoop final : public dns::Loop {
 public:
  double Now() override { return now; }
  std::shared_ptr<void> After(double, std::function<void()>) override { return nullptr; }
  void Watch(int, bool, bool, std::function<void(bool, bool)>) override {}
  double now = 1000;
};

class FakeTransport final : public dns::Transport {
 public:
  void Query(const std::string& name, dns::Type type,
             std::function<void(dns::Reply)> done) override {
    ++asked;
    waiting.push_back([this, name, type, done = std::move(done)] {
      dns::Reply reply;
      reply.code = dns::kNameError;
      if (down) reply.failure = "nobody answers";
      for (const dns::Record& record : records) {
        if (record.name != name || record.type != type || down) continue;
        reply.code = 0;
        reply.records.push_back(record);
      }
      done(std::move(reply));
    });
    if (!held) Release();
  }
  void Release() {
    while (!waiting.empty()) {
      for (const auto& each : std::exchange(waiting, {})) each();
    }
  }
  std::vector<dns::Record> records;
  std::vector<std::function<void()>> waiting;
  bool held = false, down = false;
  int asked = 0;
};

class FakeProber final : public health::Prober {
 public:
  void Start(const health::Probe& probe, std::function<void(health::ProbeResult)> done) override {
    probes.push_back(probe);
    done(result);
  }
  std::vector<health::Probe> probes;
  health::ProbeResult result{health::ProbeResult::Kind::kTcpFailure, 0};
};

class UpstreamsTest : public ::testing::Test {
 protected:
  UpstreamsTest()
      : memory_(health::Table::BytesFor(64) + 64),
        table_(*health::Table::Attach(
            reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(memory_.data()) + 63) & ~63ul),
            health::Table::BytesFor(64))),
        dns_(MakeSettings(), loop_, transport_, 1),
        upstreams_({table_, dns_, prober_, [this] { return loop_.now; }, 7, 1,
                    [this](std::string_view line) { log_.emplace_back(line); }}) {}

  static dns::Settings MakeSettings() {
    dns::Settings settings;
    settings.stale_ttl = 0;
    return settings;
  }
  void Configure(const Json& upstream, const std::vector<std::string>& targets) {
    auto up = std::make_shared<EntityTable>(), all = std::make_shared<EntityTable>();
    Json row = upstream;
    row["id"] = "u";
    row["name"] = "up.test";
    up->rows["u"] = std::make_shared<const Json>(row);
    for (const std::string& target : targets) {
      all->rows[target] = std::make_shared<const Json>(
          Json{{"id", target}, {"target", target}, {"weight", 10}, {"upstream", {{"id", "u"}}}});
    }
    upstreams_.Use(up, all);
  }
  void Serve(std::vector<dns::Record> records) { transport_.records = std::move(records); }
  // Addresses of one turn of the wheel, sorted.
  std::vector<std::string> Picks(int count) {
    std::vector<std::string> picks;
    for (int i = 0; i < count; ++i) {
      balancer::Tried tried;
      const auto peer = upstreams_.ByName("up.test")->Pick({}, tried);
      picks.push_back(peer ? (*peer)->ip + ":" + std::to_string((*peer)->port) : "none");
    }
    std::sort(picks.begin(), picks.end());
    return picks;
  }
  void Pass(double seconds) {
    for (const double end = loop_.now + seconds; loop_.now < end; loop_.now += 0.1)
      upstreams_.Tick();
  }

  std::vector<char> memory_;
  health::Table& table_;
  FakeLoop loop_;
  FakeTransport transport_;
  FakeProber prober_;
  std::vector<std::string> log_;
  dns::Client dns_;
  Upstreams upstreams_;
};

using Strings = std::vector<std::string>;

dns::Record A(const std::string& name, const std::string& ip, uint32_t ttl) {
  return {name, dns::Type::kA, ttl, ip, 0, 0, 0};
}

TEST_F(UpstreamsTest, FollowsTheAddressesOfNames) {
  Serve({A("a.test", "10.0.0.1", 10), A("a.test", "10.0.0.2", 10)});
  Configure(Json::object(), {"a.test:80"});
  EXPECT_EQ(Picks(2), (Strings{"10.0.0.1:80", "10.0.0.2:80"}));
  Serve({A("a.test", "10.0.0.3", 10)});
  Pass(9);
  EXPECT_EQ(Picks(2), (Strings{"10.0.0.1:80", "10.0.0.2:80"}));
  Pass(2);
  EXPECT_EQ(Picks(1), Strings{"10.0.0.3:80"});
}

TEST_F(UpstreamsTest, FailingServersChangeNothingButNameErrorsDo) {
  Serve({A("a.test", "10.0.0.1", 10)});
  Configure(Json::object(), {"a.test:80"});
  transport_.down = true;
  Pass(100);
  EXPECT_EQ(Picks(1), Strings{"10.0.0.1:80"});
  transport_.down = false;
  Serve({});
  Pass(5);
  EXPECT_EQ(Picks(1), Strings{"none"});
  const Json health = upstreams_.ById("u")->Health()["targets"]["a.test:80"];
  EXPECT_EQ(health["health"], "DNS_ERROR");
  EXPECT_EQ(health["data"]["dns"], "dns server error: 3 name error");
  Serve({A("a.test", "10.0.0.4", 10)});
  Pass(35);
  EXPECT_EQ(Picks(1), Strings{"10.0.0.4:80"});
}

TEST_F(UpstreamsTest, ServicesGiveTheirBestPriorityAndWeights) {
  Serve({{"s.test", dns::Type::kSrv, 10, "10.0.0.1", 8001, 20, 1},
         {"s.test", dns::Type::kSrv, 10, "b.test", 8002, 10, 1},
         {"s.test", dns::Type::kSrv, 10, "10.0.0.3", 8003, 10, 2}});
  Configure(Json::object(), {"s.test:80"});
  EXPECT_EQ(Picks(3), (Strings{"10.0.0.1:8001", "10.0.0.1:8001", "b.test:8002"}));
  EXPECT_EQ(upstreams_.ById("u")->Health()["targets"]["s.test:80"]["data"]["dns"], "SRV");
}

TEST_F(UpstreamsTest, RecordsThatMayNotBeKeptAreLookedUpForEveryRequest) {
  Serve({A("a.test", "10.0.0.1", 0)});
  Configure(Json::object(), {"a.test:80"});
  EXPECT_EQ(Picks(1), Strings{"a.test:80"});
}

TEST_F(UpstreamsTest, SomeoneMayWaitForTheFirstAnswer) {
  Serve({A("a.test", "10.0.0.1", 10)});
  transport_.held = true;
  Configure(Json::object(), {"a.test:80"});
  EXPECT_TRUE(upstreams_.ByName("up.test")->Resolving());
  int told = 0;
  upstreams_.WhenResolved(upstreams_.ByName("up.test"), [&] { ++told; });
  transport_.Release();
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(upstreams_.ByName("up.test")->Resolving());
  upstreams_.WhenResolved(upstreams_.ByName("up.test"), [&] { ++told; });
  upstreams_.Use(nullptr, nullptr);
  EXPECT_EQ(told, 2);
}

TEST_F(UpstreamsTest, ATargetThatComesBackIsLookedUpAgain) {
  transport_.held = true;
  Configure(Json::object(), {"a.test:80"});
  Configure(Json::object(), {});
  transport_.held = false;
  transport_.Release();
  Serve({A("a.test", "10.0.0.1", 10)});
  Configure(Json::object(), {"a.test:80"});
  loop_.now += 31;
  Pass(2);
  EXPECT_EQ(Picks(1), Strings{"10.0.0.1:80"});
}

TEST_F(UpstreamsTest, ChecksWhatIsThereAndSaysWhatChanges) {
  Configure({{"healthchecks",
              {{"active",
                {{"healthy", {{"interval", 1}}},
                 {"unhealthy", {{"interval", 1}, {"tcp_failures", 1}}}}}}}},
            {"10.0.0.1:80", "a.test:80"});
  Serve({A("a.test", "10.0.0.2", 10)});
  Pass(0.5);
  EXPECT_EQ(prober_.probes.size(), 0u);
  Pass(1);
  ASSERT_FALSE(prober_.probes.empty());
  EXPECT_EQ(prober_.probes[0].ip, "10.0.0.1");
  EXPECT_EQ(log_,
            (Strings{"[healthchecks] upstream up.test: target 10.0.0.1 (10.0.0.1:80) is unhealthy",
                     "[healthchecks] balancer up.test reported health status changed to "
                     "UNHEALTHY"}));
  EXPECT_EQ(Picks(1), Strings{"none"});
  loop_.now += 31;
  Pass(2);
  EXPECT_EQ(prober_.probes.back().host, "a.test");
}

}  // namespace
}  // namespace silverback::runtime
