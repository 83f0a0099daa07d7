#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "health/active.h"

namespace silverback::health {
namespace {

Limits MakeLimits(int successes, int http, int tcp, int timeouts) {
  Limits limits;
  limits.successes = successes;
  limits.http_failures = http;
  limits.tcp_failures = tcp;
  limits.timeouts = timeouts;
  limits.healthy_statuses.set(200);
  limits.unhealthy_statuses.set(500);
  return limits;
}

class TableTest : public ::testing::Test {
 protected:
  explicit TableTest(size_t addresses = 64)
      : memory_(Table::BytesFor(addresses) + 64),
        table_(Table::Attach(Start(), Table::BytesFor(addresses))) {}
  void* Start() {
    return reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(memory_.data()) + 63) & ~63ul);
  }
  std::vector<char> memory_;
  Table* table_;
};

TEST(CircuitTest, OpensAfterFailuresOfOneKindAndClosesAfterSuccesses) {
  const Limits limits = MakeLimits(2, 3, 0, 0);
  Circuit circuit;
  circuit = circuit.After(Report::kHttpFailure, limits);
  circuit = circuit.After(Report::kHttpFailure, limits);
  EXPECT_EQ(circuit.state, State::kMostlyHealthy);
  EXPECT_TRUE(circuit.available());
  circuit = circuit.After(Report::kSuccess, limits);  // a success sets the failures back
  EXPECT_EQ(circuit.http_failures, 0);
  for (int i = 0; i < 3; ++i) circuit = circuit.After(Report::kHttpFailure, limits);
  EXPECT_EQ(circuit.state, State::kUnhealthy);
  circuit = circuit.After(Report::kSuccess, limits);
  EXPECT_EQ(circuit.state, State::kMostlyUnhealthy);
  EXPECT_FALSE(circuit.available());
  circuit = circuit.After(Report::kSuccess, limits);
  EXPECT_EQ(circuit.state, State::kHealthy);
}

TEST(CircuitTest, SwitchedOffReportsChangeNothing) {
  const Limits limits = MakeLimits(0, 2, 0, 0);
  Circuit circuit;
  for (int i = 0; i < 9; ++i) circuit = circuit.After(Report::kTcpFailure, limits);
  for (int i = 0; i < 9; ++i) circuit = circuit.After(Report::kTimeout, limits);
  EXPECT_EQ(circuit.Pack(), Circuit().Pack());
  // Successes are off, so failures need not be consecutive.
  circuit = circuit.After(Report::kHttpFailure, limits);
  circuit = circuit.After(Report::kSuccess, limits);
  circuit = circuit.After(Report::kHttpFailure, limits);
  EXPECT_EQ(circuit.state, State::kUnhealthy);
}

TEST(CircuitTest, PacksIntoAWord) {
  const Circuit circuit{State::kMostlyUnhealthy, 1, 2, 3, 254};
  const Circuit same = Circuit::Unpack(circuit.Pack());
  EXPECT_EQ(same.state, circuit.state);
  EXPECT_EQ(same.timeouts, 254);
  EXPECT_EQ(same.tcp_failures, 3);
  EXPECT_EQ(same.http_failures, 2);
  EXPECT_EQ(same.successes, 1);
}

TEST(CircuitTest, StatusesMeanWhatTheListsSay) {
  const Limits limits = MakeLimits(1, 1, 1, 1);
  EXPECT_EQ(ReportForStatus(200, limits), Report::kSuccess);
  EXPECT_EQ(ReportForStatus(500, limits), Report::kHttpFailure);
  EXPECT_EQ(ReportForStatus(0, limits), Report::kHttpFailure);
  EXPECT_EQ(ReportForStatus(404, limits), std::nullopt);
  EXPECT_EQ(ReportForStatus(1000, limits), std::nullopt);
}

TEST(ChecksTest, ReadsRowsAndDefaults) {
  EXPECT_FALSE(Checks::FromRow(nullptr).enabled());
  EXPECT_TRUE(Checks::FromRow(nullptr).passive.unhealthy_statuses.test(429));
  const Checks checks =
      Checks::FromRow({{"threshold", 50},
                       {"passive", {{"unhealthy", {{"timeouts", 3}, {"http_statuses", {418}}}}}},
                       {"active", {{"type", "tcp"}, {"healthy", {{"interval", 0.5}}}}}});
  EXPECT_TRUE(checks.enabled());
  EXPECT_EQ(checks.threshold, 50);
  EXPECT_EQ(checks.passive.timeouts, 3);
  EXPECT_TRUE(checks.passive.unhealthy_statuses.test(418));
  EXPECT_FALSE(checks.passive.unhealthy_statuses.test(500));
  EXPECT_EQ(checks.active.type, "tcp");
  EXPECT_EQ(checks.active.healthy_interval, 0.5);
}

TEST_F(TableTest, StateIsSharedAndOutlivesTheUpstream) {
  const uint64_t key = Table::Key("up", "host", "1.2.3.4", 80);
  const Table::Handle mine = table_->Claim(key, 1);
  EXPECT_TRUE(table_->Available(mine));
  const uint64_t version = table_->version();
  EXPECT_TRUE(table_->Apply(mine, Report::kTcpFailure, MakeLimits(0, 0, 1, 0)));
  EXPECT_GT(table_->version(), version);
  Table* other = Table::Attach(Start(), Table::BytesFor(64));
  EXPECT_FALSE(other->Available(other->Claim(key, 9)));
  other->Set(mine, true);
  EXPECT_TRUE(table_->Available(mine));
  EXPECT_NE(key, Table::Key("up", "host", "1.2.3.4", 81));
}

TEST_F(TableTest, ForgetsTheLongestUnusedWhenFull) {
  std::vector<Table::Handle> handles;
  for (uint32_t i = 0; i < 1000; ++i) {
    const auto handle = table_->Claim(Table::Key("up", "h", "10.0.0.1", static_cast<int>(i)), i);
    table_->Set(handle, false);
    handles.push_back(handle);
  }
  EXPECT_FALSE(table_->Available(handles.back()));
  EXPECT_TRUE(table_->Available(handles.front())) << "forgotten addresses count as healthy";
}

TEST_F(TableTest, CountsReportsOfConcurrentWorkers) {
  const auto handle = table_->Claim(7, 1);
  const Limits limits = MakeLimits(0, 200, 0, 0);
  std::vector<std::thread> workers;
  std::atomic<int> changes = 0;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      for (int j = 0; j < 50; ++j) {
        if (table_->Apply(handle, Report::kHttpFailure, limits)) ++changes;
      }
    });
  }
  for (auto& worker : workers) worker.join();
  EXPECT_EQ(changes, 1);
  EXPECT_FALSE(table_->Available(handle));
}

TEST_F(TableTest, OneWorkerLeadsUntilItIsSilent) {
  EXPECT_TRUE(table_->Lead(1, 100));
  EXPECT_FALSE(table_->Lead(2, 102));
  EXPECT_TRUE(table_->Lead(1, 103));
  EXPECT_FALSE(table_->Lead(2, 107));
  EXPECT_TRUE(table_->Lead(2, 108));
  EXPECT_FALSE(table_->Lead(1, 109));
}

class FakeProber : public Prober {
 public:
  void Start(const Probe& probe, std::function<void(ProbeResult)> done) override {
    probes.push_back(probe);
    pending.push_back(std::move(done));
  }
  void FinishAll(ProbeResult result) {
    for (auto done : std::exchange(pending, {})) done(result);
  }
  std::vector<Probe> probes;
  std::vector<std::function<void(ProbeResult)>> pending;
};

class ActiveCheckerTest : public TableTest {
 protected:
  CheckedUpstream MakeUpstream(int addresses) {
    CheckedUpstream upstream;
    upstream.id = "u";
    upstream.checks.active.healthy_interval = 1;
    upstream.checks.active.unhealthy_interval = 2;
    upstream.checks.active.concurrency = 2;
    upstream.checks.active.http_path = "/health";
    upstream.checks.active.limits = MakeLimits(1, 1, 1, 2);
    for (int i = 0; i < addresses; ++i) {
      const std::string ip = "10.0.0." + std::to_string(i);
      upstream.addresses.push_back(
          {ip, "host.test", 80, table_->Claim(Table::Key("u", "host.test", ip, 80), 1)});
    }
    return upstream;
  }
  FakeProber prober_;
};

TEST_F(ActiveCheckerTest, ProbesByStateAndInterval) {
  ActiveChecker checker(*table_, prober_);
  const CheckedUpstream upstream = MakeUpstream(1);
  checker.Update(upstream, 100);
  checker.Tick(1, 100.5);
  EXPECT_TRUE(prober_.probes.empty());
  checker.Tick(1, 101);
  ASSERT_EQ(prober_.probes.size(), 1u);
  EXPECT_EQ(prober_.probes[0].host, "host.test");
  EXPECT_EQ(prober_.probes[0].path, "/health");
  prober_.FinishAll({ProbeResult::Kind::kStatus, 500});
  EXPECT_FALSE(table_->Available(upstream.addresses[0].handle));
  checker.Tick(1, 101.9);
  EXPECT_EQ(prober_.probes.size(), 1u);
  checker.Tick(1, 102);
  ASSERT_EQ(prober_.probes.size(), 2u);
  prober_.FinishAll({ProbeResult::Kind::kStatus, 200});
  EXPECT_TRUE(table_->Available(upstream.addresses[0].handle));
}

TEST_F(ActiveCheckerTest, KeepsToItsConcurrency) {
  ActiveChecker checker(*table_, prober_);
  checker.Update(MakeUpstream(5), 100);
  checker.Tick(1, 101);
  EXPECT_EQ(prober_.pending.size(), 2u);
  prober_.FinishAll({ProbeResult::Kind::kTimeout, 0});
  EXPECT_EQ(prober_.probes.size(), 4u);
  prober_.FinishAll({ProbeResult::Kind::kConnected, 0});
  prober_.FinishAll({ProbeResult::Kind::kConnected, 0});
  EXPECT_EQ(prober_.probes.size(), 5u);
}

TEST_F(ActiveCheckerTest, OnlyTheLeaderProbesAndLateAnswersAreHarmless) {
  {
    ActiveChecker checker(*table_, prober_);
    checker.Update(MakeUpstream(1), 100);
    EXPECT_TRUE(table_->Lead(2, 101));
    table_->Resign(3);
    EXPECT_FALSE(table_->Lead(3, 101));
    table_->Resign(2);
    EXPECT_TRUE(table_->Lead(2, 101));
    checker.Tick(1, 102);
    EXPECT_TRUE(prober_.probes.empty());
    checker.Tick(1, 107);
    EXPECT_EQ(prober_.probes.size(), 1u);
  }
  prober_.FinishAll({ProbeResult::Kind::kTcpFailure, 0});
}

}  // namespace
}  // namespace silverback::health
