// The steps of a declarative configuration of 10 000 routes, from its text to a snapshot.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <filesystem>

#include "replica/replica.h"
#include "router/router.h"
#include "runtime/declarative_rows.h"
#include "store/declarative/configuration.h"
#include "store/declarative/document.h"

namespace silverback::runtime {
namespace {

namespace declarative = store::declarative;

constexpr int kServices = 100, kRoutesPerService = 100;

std::string Text(int version) {
  std::string text = "_format_version: \"2.1\"\nservices:\n";
  for (int s = 0; s < kServices; ++s) {
    text += fmt::format("- name: s{}\n  url: http://127.0.0.1:9100\n  routes:\n", s);
    for (int r = 0; r < kRoutesPerService; ++r) {
      text += fmt::format(
          "  - name: r{0}-{1}\n    paths:\n    - /s{0}/r{1}\n    hosts:\n    - h{1}.test\n    "
          "tags: "
          "[v{2}]\n",
          s, r, version);
    }
  }
  return text;
}

const entity::Catalog& Catalog() {
  static const auto catalog = [] {
    std::vector<std::string> plugins;
    for (const auto name : entity::Catalog::BundledPlugins()) plugins.emplace_back(name);
    return std::move(*entity::Catalog::Create(plugins, true));
  }();
  return *catalog;
}

class Files {
 public:
  Files() {
    char folder[] = "/tmp/declarative-benchmark-XXXXXX";
    path_ = mkdtemp(folder);
    replica = std::move(*replica::Replica::Open(Catalog(), {.path = path_}));
  }
  ~Files() {
    replica.reset();
    std::filesystem::remove_all(path_);
  }
  std::unique_ptr<replica::Replica> replica;

 private:
  std::string path_;
};

declarative::Configuration Load(int version) {
  auto document = declarative::ParseText(Text(version));
  return std::move(*declarative::Flatten(Catalog(), std::move(document->content), "hash"));
}

void BM_ReadYaml(benchmark::State& state) {
  const std::string text = Text(1);
  for (auto _ : state) benchmark::DoNotOptimize(declarative::ParseText(text));
}

void BM_ReadJson(benchmark::State& state) {
  const std::string text = DumpJson(declarative::ParseText(Text(1))->content);
  for (auto _ : state) benchmark::DoNotOptimize(declarative::ParseText(text));
}

void BM_Flatten(benchmark::State& state) {
  const auto document = declarative::ParseText(Text(1));
  for (auto _ : state)
    benchmark::DoNotOptimize(declarative::Flatten(Catalog(), document->content, "hash"));
}

void BM_MakeRows(benchmark::State& state) {
  Files files;
  auto configuration = Load(1);
  const auto read = files.replica->Read();
  for (auto _ : state) benchmark::DoNotOptimize(MakeReplicaRows(Catalog(), configuration, *read));
}

// Every route changes.
void BM_Synchronise(benchmark::State& state) {
  Files files;
  std::vector<declarative::Configuration> configurations = {Load(1), Load(2)};
  std::vector<std::vector<ReplicaRows>> versions;
  for (auto& configuration : configurations)
    versions.push_back(*MakeReplicaRows(Catalog(), configuration, *files.replica->Read()));
  size_t turn = 0;
  for (auto _ : state) {
    const auto& kinds = versions[turn++ % 2];
    const auto done = files.replica->Synchronise([&](const auto& row) -> Status {
      for (const ReplicaRows& kind : kinds) {
        for (size_t i = 0; i < kind.rows.size(); ++i) {
          const Status written = row(*kind.schema, *kind.rows[i], kind.texts[i]);
          if (!written) return written;
        }
      }
      return Ok();
    });
    if (!done || *done == 0) state.SkipWithError("nothing changed");
  }
}

void BM_BuildRouter(benchmark::State& state) {
  const auto configuration = Load(1);
  std::vector<std::shared_ptr<const entity::Route>> routes;
  for (const auto& kind : configuration.kinds) {
    if (kind.schema->name() != "routes") continue;
    for (const Json& row : kind.rows) routes.push_back(entity::Route::FromRow(row));
  }
  for (auto _ : state) benchmark::DoNotOptimize(router::Router::Build(routes, nullptr));
}

void BM_DecodeRoutes(benchmark::State& state) {
  const auto configuration = Load(1);
  std::vector<std::string> texts;
  for (const auto& kind : configuration.kinds) {
    if (kind.schema->name() != "routes") continue;
    for (const Json& row : kind.rows) texts.push_back(DumpJson(row));
  }
  for (auto _ : state) {
    std::vector<std::shared_ptr<entity::Route>> routes;
    for (const std::string& text : texts)
      routes.push_back(entity::Route::FromRow(*ParseJson(text)));
    benchmark::DoNotOptimize(routes);
  }
}

BENCHMARK(BM_ReadYaml)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_ReadJson)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Flatten)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_MakeRows)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Synchronise)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_DecodeRoutes)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_BuildRouter)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace silverback::runtime
