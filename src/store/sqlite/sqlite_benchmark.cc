// Writes one by one and lists by pages, through the Dao.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>

#include "store/dao.h"
#include "store/sqlite/sqlite_store.h"

namespace silverback::store::sqlite {
namespace {

const entity::Catalog& Catalog() {
  static const auto& catalog =
      *new std::unique_ptr<entity::Catalog>(*entity::Catalog::Create({"key-auth"}));
  return *catalog;
}

std::unique_ptr<Store> FreshStore() {
  const std::string path = std::filesystem::temp_directory_path() /
                           ("silverback-benchmark-" + std::to_string(getpid()) + ".db");
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  return *Open(path, Catalog());
}

void ConsumerWithKey(benchmark::State& state) {
  const auto store = FreshStore();
  Dao dao(Catalog(), *store, nullptr);
  int i = 0;
  for (auto _ : state) {
    const std::string name = "user-" + std::to_string(++i);
    const auto consumer = dao.Insert("consumers", {{"username", name}});
    const auto key = dao.Insert("keyauth_credentials",
                                {{"key", name}, {"consumer", {{"id", (*consumer)["id"]}}}});
    benchmark::DoNotOptimize(key);
  }
}
BENCHMARK(ConsumerWithKey);

void PageOfThousand(benchmark::State& state) {
  const auto store = FreshStore();
  Dao dao(Catalog(), *store, nullptr);
  const Status filled = dao.InTransaction([&](Dao& inner) -> Status {
    for (int i = 0; i < state.range(0); ++i) {
      auto row = inner.Insert("consumers", {{"username", "user-" + std::to_string(i)}});
      if (!row) return row.error();
    }
    return Ok();
  });
  if (!filled) state.SkipWithError(filled.error().message().c_str());
  ListOptions options;
  options.size = 1000;
  for (auto _ : state) {
    const auto page = dao.List("consumers", options);
    options.offset = page->offset.value_or("");
  }
}
BENCHMARK(PageOfThousand)->Arg(2000);

}  // namespace
}  // namespace silverback::store::sqlite
