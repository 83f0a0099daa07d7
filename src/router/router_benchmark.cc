// Match cost by kind and number of routes. "Cold" picks routes at random and walks over more memory
// than the caches hold between two matches, and reports the 99th percentile. The request is made
// after the walk: a worker has just read it from its client.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "router/test_support.h"

namespace silverback::router {
namespace {

enum Kind { kPrefix, kExactHost, kHostAndPath, kRegex, kWildcard, kOneHostManyPaths };

Json Row(Kind kind, int i) {
  const std::string n = std::to_string(i);
  Json row = {{"id", "00000000-0000-0000-0000-" + n}, {"created_at", i}};
  if (kind == kPrefix) row["paths"] = {"/service-" + n + "/v1/things"};
  if (kind == kExactHost) row["hosts"] = {"service-" + n + ".example.test"};
  if (kind == kWildcard) row["hosts"] = {"*.service-" + n + ".test"};
  if (kind == kRegex) row["paths"] = {"/service-" + n + "/\\d+/items"};
  if (kind == kHostAndPath) {
    row["hosts"] = {"service-" + n + ".example.test"};
    row["paths"] = {"/api/v" + std::to_string(i % 10) + "/" + n};
  }
  if (kind == kOneHostManyPaths) {
    row["hosts"] = {"example.test"};
    row["paths"] = {"/api/" + n};
  }
  return row;
}

TestRequest RequestFor(Kind kind, int i) {
  const std::string n = std::to_string(i);
  TestRequest request;
  request.host = "example.test";
  if (kind == kPrefix) request.path = "/service-" + n + "/v1/things/42?";
  if (kind == kExactHost) request.host = "service-" + n + ".example.test";
  if (kind == kWildcard) request.host = "www.service-" + n + ".test";
  if (kind == kRegex) request.path = "/service-" + n + "/17/items/3";
  if (kind == kHostAndPath) {
    request.host = "service-" + n + ".example.test";
    request.path = "/api/v" + std::to_string(i % 10) + "/" + n + "/detail";
  }
  if (kind == kOneHostManyPaths) request.path = "/api/" + n + "/detail";
  return request;
}

Routes MakeRoutes(Kind kind, int count) {
  Routes routes;
  for (int i = 0; i < count; ++i) routes.push_back(MakeRoute(Row(kind, i)));
  return routes;
}

void Build(benchmark::State& state) {
  const auto kind = static_cast<Kind>(state.range(0));
  const Routes routes = MakeRoutes(kind, static_cast<int>(state.range(1)));
  std::shared_ptr<const Router> router;
  for (auto _ : state) router = Router::Build(routes);
  state.counters["bytes_per_route"] =
      static_cast<double>(router->memory_bytes()) / static_cast<double>(routes.size());
}

void MatchWarm(benchmark::State& state) {
  const auto kind = static_cast<Kind>(state.range(0));
  const int count = static_cast<int>(state.range(1));
  const auto router = Router::Build(MakeRoutes(kind, count));
  const TestRequest owned = RequestFor(kind, count - 1);
  const Request request = owned.View();
  if (!router->Find(request)) state.SkipWithError("no match");
  for (auto _ : state) benchmark::DoNotOptimize(router->Find(request));
}

void MatchCold(benchmark::State& state) {
  const auto kind = static_cast<Kind>(state.range(0));
  const int count = static_cast<int>(state.range(1));
  const auto router = Router::Build(MakeRoutes(kind, count));
  std::vector<char> other(size_t{4} << 20);
  std::mt19937 random(1);
  std::vector<double> times;
  size_t sum = 0;
  for (auto _ : state) {
    for (size_t i = 0; i < other.size(); i += 64) sum += static_cast<size_t>(++other[i]);
    const TestRequest owned = RequestFor(kind, static_cast<int>(random() % count));
    const Request request = owned.View();
    const auto start = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(router->Find(request));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    times.push_back(took.count());
    state.SetIterationTime(took.count());
  }
  benchmark::DoNotOptimize(sum);
  std::sort(times.begin(), times.end());
  state.counters["p50_ns"] = times[times.size() / 2] * 1e9;
  state.counters["p99_ns"] = times[times.size() * 99 / 100] * 1e9;
}

void Sizes(benchmark::internal::Benchmark* b) {
  for (const int kind : {kPrefix, kExactHost, kHostAndPath, kRegex, kWildcard, kOneHostManyPaths}) {
    for (const int count : {1, 100, 10000, 100000}) b->Args({kind, count});
  }
  b->ArgNames({"kind", "routes"});
}

BENCHMARK(Build)
    ->ArgNames({"kind", "routes"})
    ->ArgsProduct({{kPrefix, kExactHost, kHostAndPath, kWildcard}, {100000}})
    ->Args({kRegex, 10000})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(MatchWarm)->Apply(Sizes);
BENCHMARK(MatchCold)->Apply(Sizes)->UseManualTime()->Iterations(3000);

}  // namespace
}  // namespace silverback::router
