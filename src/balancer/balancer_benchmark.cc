// What a choice costs, and what a change of the configuration costs on the event loop.
#include <benchmark/benchmark.h>

#include "balancer/balancer_set.h"

namespace silverback::balancer {
namespace {

using Rows = std::vector<RowChange>;

struct Memory {
  explicit Memory(size_t addresses)
      : bytes(health::Table::BytesFor(addresses) + 64),
        table(*health::Table::Attach(
            reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(bytes.data()) + 63) & ~63ul),
            health::Table::BytesFor(addresses))) {}
  std::vector<char> bytes;
  health::Table& table;
};

RowChange UpstreamRow(int number, const char* algorithm) {
  const Json checks = {{"passive", {{"unhealthy", {{"tcp_failures", 1}}}}}};
  return {nullptr, std::make_shared<const Json>(Json{{"id", "u" + std::to_string(number)},
                                                     {"name", "up-" + std::to_string(number)},
                                                     {"algorithm", algorithm},
                                                     {"healthchecks", checks}})};
}

RowChange TargetRow(int upstream, int number) {
  const std::string address = "10." + std::to_string(upstream / 250) + "." +
                              std::to_string(upstream % 250) + "." + std::to_string(number % 250) +
                              ":" + std::to_string(8000 + number / 250);
  return {nullptr, std::make_shared<const Json>(
                       Json{{"id", std::to_string(upstream) + "-" + std::to_string(number)},
                            {"target", address},
                            {"weight", 100},
                            {"created_at", number},
                            {"upstream", {{"id", "u" + std::to_string(upstream)}}}})};
}

void BM_Pick(benchmark::State& state, const char* algorithm) {
  Memory memory(4096);
  BalancerSet set(memory.table, 1);
  Rows targets;
  for (int i = 0; i < state.range(0); ++i) targets.push_back(TargetRow(0, i));
  set.Apply({UpstreamRow(0, algorithm)}, targets, 1);
  const auto balancer = set.ByName("up-0");
  for (auto _ : state) {
    Tried tried;
    benchmark::DoNotOptimize(balancer->Pick({"some-session"}, tried));
    balancer->ReportStatus(tried, 200);
  }
}
BENCHMARK_CAPTURE(BM_Pick, round_robin, "round-robin")->Arg(10)->Arg(1000);
BENCHMARK_CAPTURE(BM_Pick, least_connections, "least-connections")->Arg(10)->Arg(1000);
BENCHMARK_CAPTURE(BM_Pick, consistent_hashing, "consistent-hashing")->Arg(10)->Arg(1000);

// One target more in one of many upstreams with ten targets each.
void BM_ChangeOneUpstream(benchmark::State& state) {
  const auto count = static_cast<int>(state.range(0));
  Memory memory(static_cast<size_t>(count) * 20);
  BalancerSet set(memory.table, 1);
  Rows upstreams, targets;
  for (int i = 0; i < count; ++i) {
    upstreams.push_back(UpstreamRow(i, "round-robin"));
    for (int j = 0; j < 10; ++j) targets.push_back(TargetRow(i, j));
  }
  set.Apply(upstreams, targets, 1);
  int turn = 0;
  for (auto _ : state) {
    RowChange change = TargetRow(count - 1, 9 + ++turn % 2);
    change.before = targets.back().after;
    targets.back() = change;
    benchmark::DoNotOptimize(set.Apply({}, {change}, 1));
  }
}
BENCHMARK(BM_ChangeOneUpstream)->Arg(10)->Arg(1000)->Unit(benchmark::kMicrosecond);

void BM_BuildRing(benchmark::State& state) {
  Memory memory(4096);
  Rows targets;
  for (int i = 0; i < state.range(0); ++i) targets.push_back(TargetRow(0, i));
  for (auto _ : state) {
    BalancerSet set(memory.table, 1);
    set.Apply({UpstreamRow(0, "consistent-hashing")}, targets, 1);
  }
}
BENCHMARK(BM_BuildRing)->Arg(10)->Arg(100)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace silverback::balancer
