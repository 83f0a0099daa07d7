#include "nginx/shared_sums.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

namespace silverback::nginx {
namespace {

using Pairs = std::vector<std::pair<std::string, double>>;

Pairs Sorted(Pairs pairs) {
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

TEST(SharedSums, AddUpByName) {
  alignas(64) static char memory[16384];
  SharedSums sums(SharedSums::Create(memory, sizeof(memory)));
  EXPECT_TRUE(sums.Add("a", 1));
  EXPECT_TRUE(sums.Add("b", 0.5));
  EXPECT_TRUE(sums.Add("a", 2));
  EXPECT_EQ(Sorted(sums.All()), (Pairs{{"a", 3}, {"b", 0.5}}));
  SharedSums other(reinterpret_cast<SharedSums::Memory*>(memory));
  EXPECT_TRUE(other.Add("a", 1));
  EXPECT_EQ(Sorted(sums.All())[0].second, 4);
}

TEST(SharedSums, RefuseNewNamesWhenFull) {
  alignas(64) static char memory[16384];
  SharedSums sums(SharedSums::Create(memory, sizeof(memory)));
  size_t kept = 0;
  for (int i = 0; i < 1000; ++i) kept += sums.Add("name" + std::to_string(i), 1) ? 1 : 0;
  EXPECT_GT(kept, 50u);
  EXPECT_LT(kept, 200u);
  EXPECT_EQ(sums.All().size(), kept);
  EXPECT_GT(sums.UsedBytes(), kept * 5);
  EXPECT_LT(sums.UsedBytes(), sizeof(memory));
  EXPECT_TRUE(sums.Add("name0", 1));
  EXPECT_FALSE(sums.Add(std::string(100000, 'x'), 1));
  EXPECT_EQ(SharedSums::Create(memory, 64), nullptr);
}

TEST(SharedSums, LoseNothingAmongThreads) {
  alignas(64) static char memory[65536];
  auto* laid_out = SharedSums::Create(memory, sizeof(memory));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      SharedSums sums(laid_out);
      for (int i = 0; i < 20000; ++i) sums.Add(std::to_string(i % 50), 1);
    });
  }
  for (auto& thread : threads) thread.join();
  double total = 0;
  const auto all = SharedSums(laid_out).All();
  EXPECT_EQ(all.size(), 50u);
  for (const auto& [name, value] : all) total += value;
  EXPECT_EQ(total, 80000);
}

}  // namespace
}  // namespace silverback::nginx
