// Look-ups among a million consumers with keys, each time of another one: what authentication by
// key costs beyond what the worker's cache saves.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <filesystem>
#include <random>

#include "runtime/cached_entities.h"
#include "util/allocator.h"
#include "util/string_util.h"

namespace silverback::runtime {
namespace {

constexpr int kConsumers = 1000000;
constexpr const char* kWorkspace = "0dc6f45b-8f8d-40d2-a504-473544ee190b";

std::string Id(char kind, int number) {
  return fmt::format("{}{:07x}-0000-4000-8000-{:012x}", kind, (number * 2654435761u) >> 4, number);
}

class Node {
 public:
  Node() {
    char folder[] = "/tmp/lookup-benchmark-XXXXXX";
    path_ = mkdtemp(folder);
    catalog = std::move(*entity::Catalog::Create({"key-auth"}, true));
    replica = std::move(*replica::Replica::Open(*catalog, {.path = path_}));
    (void)replica->Synchronise([&](const replica::RowSink& row) { return Fill(row); });
    shared = SharedState::Create(aligned_alloc(64, (sizeof(SharedState) + 63) / 64 * 64));
    entities = std::make_unique<CachedEntities>(*catalog, *replica, *shared, [] { return 1.0; });
  }
  ~Node() { std::filesystem::remove_all(path_); }

  std::unique_ptr<entity::Catalog> catalog;
  std::unique_ptr<replica::Replica> replica;
  SharedState* shared = nullptr;
  std::unique_ptr<CachedEntities> entities;

 private:
  Status Fill(const replica::RowSink& row) const {
    for (int i = 0; i < kConsumers; ++i) {
      const Status done =
          row(*catalog->Entity("consumers"), {{"id", Id('c', i)},
                                              {"created_at", 1700000000},
                                              {"username", fmt::format("user{}", i)},
                                              {"custom_id", nullptr},
                                              {"tags", nullptr},
                                              {"ws_id", kWorkspace}});
      if (!done) return done;
    }
    for (int i = 0; i < kConsumers; ++i) {
      const Status done =
          row(*catalog->Entity("keyauth_credentials"), {{"id", Id('a', i)},
                                                        {"created_at", 1700000000},
                                                        {"key", fmt::format("key{}", i)},
                                                        {"consumer", {{"id", Id('c', i)}}},
                                                        {"tags", nullptr},
                                                        {"ws_id", kWorkspace}});
      if (!done) return done;
    }
    return Ok();
  }

  std::string path_;
};

// Of a credential by its key, then of its consumer: two look-ups.
void BM_KeyAndConsumer(benchmark::State& state) {
  static Node node;
  node.replica->ReturnPages();
  const size_t mapped = MappedBytes();
  std::minstd_rand random(1);
  for (auto _ : state) {
    const std::string key = fmt::format("key{}", random() % kConsumers);
    const auto credential = node.entities->FindUnique("keyauth_credentials", "key", key);
    const auto consumer = node.entities->Find("consumers", ForeignId(*credential, "consumer"));
    if (StringMember(*consumer, "id") != ForeignId(*credential, "consumer"))
      state.SkipWithError("found another one");
  }
  state.counters["mapped"] = static_cast<double>(MappedBytes() - mapped);
}

BENCHMARK(BM_KeyAndConsumer)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace silverback::runtime
