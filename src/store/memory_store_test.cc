#include "store/memory_store.h"

#include "store/store_contract.h"

namespace silverback::store {
namespace {

INSTANTIATE_TEST_SUITE_P(Memory, StoreContract,
                         testing::Values(StoreFactory{
                             "memory",
                             [](std::shared_ptr<std::atomic<double>> now) {
                               return std::unique_ptr<Store>(std::make_unique<MemoryStore>(
                                   "memory", [now] { return now->load(); }));
                             }}),
                         [](const auto& param_info) { return param_info.param.name; });

TEST(MemoryStore, ReplaceSwapsEverything) {
  MemoryStore store("off");
  Dao dao(TestCatalog(), store, nullptr);
  const auto* consumers = TestCatalog().Entity("consumers");
  const auto consumer = [](int i, const char* name) {
    return Json{{"id", "00000000-0000-4000-8000-00000000000" + std::to_string(i)},
                {"username", name},
                {"created_at", 1}};
  };
  store.Replace({{consumers, {consumer(1, "a"), consumer(2, "a"), consumer(3, "c")}}});
  EXPECT_EQ(dao.List("consumers", {})->rows.size(), 3u);
  auto row = dao.Select("consumers", {"username", "a"});
  ASSERT_TRUE(row && *row);
  EXPECT_EQ((**row)["id"], consumer(2, "a")["id"]);
  store.Replace({});
  EXPECT_TRUE(dao.List("consumers", {})->rows.empty());
}

}  // namespace
}  // namespace silverback::store
