#include "nginx/shared_dictionary.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <random>

namespace silverback::nginx {
namespace {

constexpr size_t kBytes = 256 * 1024;

class SharedDictionaryTest : public ::testing::Test {
 protected:
  SharedDictionaryTest()
      : memory_(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
        dictionary_(SharedDictionary::Create(memory_, kBytes)) {}
  ~SharedDictionaryTest() override { munmap(memory_, kBytes); }

  void* const memory_;
  SharedDictionary dictionary_;
};

TEST_F(SharedDictionaryTest, KeepsReplacesAndRemoves) {
  EXPECT_EQ(dictionary_.Get("a", 1), std::nullopt);
  EXPECT_TRUE(dictionary_.Put("a", "one", 0));
  EXPECT_TRUE(dictionary_.Put("b", "", 0));
  EXPECT_EQ(dictionary_.Get("a", 1), "one");
  EXPECT_EQ(dictionary_.UsedBytes(), 2048u);
  EXPECT_EQ(dictionary_.Get("b", 1), "");
  EXPECT_TRUE(dictionary_.Put("a", "two", 0));
  EXPECT_EQ(dictionary_.Get("a", 1), "two");
  EXPECT_TRUE(dictionary_.Remove("a", 1));
  EXPECT_FALSE(dictionary_.Remove("a", 1));
  EXPECT_EQ(dictionary_.Get("a", 1), std::nullopt);
  EXPECT_EQ(dictionary_.UsedBytes(), 1024u);
  dictionary_.Clear();
  EXPECT_EQ(dictionary_.Get("b", 1), std::nullopt);
  EXPECT_EQ(dictionary_.UsedBytes(), 0u);
}

TEST_F(SharedDictionaryTest, AddsOnlyWhereNothingLivingIs) {
  EXPECT_TRUE(dictionary_.Add("a", "one", 10, 1));
  EXPECT_FALSE(dictionary_.Add("a", "two", 10, 9));
  EXPECT_EQ(dictionary_.Get("a", 9), "one");
  EXPECT_TRUE(dictionary_.Add("a", "two", 0, 10));
  EXPECT_FALSE(dictionary_.Add("a", "three", 0, 1e9));
  EXPECT_EQ(dictionary_.Get("a", 1e9), "two");
  EXPECT_EQ(dictionary_.UsedBytes(), 1024u);
}

TEST_F(SharedDictionaryTest, OneOfSeveralProcessesAdds) {
  constexpr int kKeys = 50;
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      SharedDictionary mine(static_cast<SharedDictionary::Memory*>(memory_));
      int added = 0;
      for (int key = 0; key < kKeys; ++key) {
        if (mine.Add(std::to_string(key), "x", 0, 1)) ++added;
      }
      _exit(added);
    }
    children.push_back(child);
  }
  int total = 0;
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    total += WEXITSTATUS(status);
  }
  EXPECT_EQ(total, kKeys);
}

TEST_F(SharedDictionaryTest, ForgetsWhatHasExpired) {
  dictionary_.Put("a", "x", 10);
  EXPECT_EQ(dictionary_.Get("a", 9.9), "x");
  EXPECT_EQ(dictionary_.Get("a", 10), std::nullopt);
  dictionary_.Put("a", "x", 10);
  EXPECT_FALSE(dictionary_.Remove("a", 10));
}

TEST_F(SharedDictionaryTest, WhatWasUsedLongestAgoMakesRoom) {
  const std::string value(dictionary_.LargestValue(), 'v');
  for (const char* key : {"a", "b", "c", "d"}) EXPECT_TRUE(dictionary_.Put(key, value, 0));
  EXPECT_TRUE(dictionary_.Get("a", 1));
  EXPECT_TRUE(dictionary_.Put("e", value, 0));
  EXPECT_TRUE(dictionary_.Get("a", 1));
  EXPECT_FALSE(dictionary_.Get("b", 1));
  EXPECT_TRUE(dictionary_.Get("e", 1));
  EXPECT_FALSE(dictionary_.Put("f", value + "v", 0));
  EXPECT_TRUE(dictionary_.Get("a", 1));
}

TEST_F(SharedDictionaryTest, AnyMixOfSizesComesBackWhole) {
  std::mt19937 random(7);
  for (int i = 0; i < 20000; ++i) {
    const std::string key = std::to_string(random() % 50);
    if (random() % 3 == 0) {
      const auto got = dictionary_.Get(key, 1);
      EXPECT_EQ(got.value_or("").find_first_not_of(key[0]), std::string::npos);
    } else {
      const size_t most = random() % 8 == 0 ? dictionary_.LargestValue() : 3000;
      EXPECT_TRUE(dictionary_.Put(key, std::string(random() % most, key[0]), 0));
    }
  }
}

TEST_F(SharedDictionaryTest, TooLittleMemoryIsRefused) {
  alignas(64) static char little[4096];
  EXPECT_EQ(SharedDictionary::Create(little, sizeof(little)), nullptr);
}

TEST_F(SharedDictionaryTest, SurvivesProcessesThatAreKilled) {
  for (int i = 0; i < 20; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      SharedDictionary mine(reinterpret_cast<SharedDictionary::Memory*>(memory_));
      for (int n = 0;; ++n)
        mine.Put(std::to_string(n % 9), std::string(static_cast<size_t>(n * 7919 % 60000), 'c'), 0);
    }
    for (int n = 0; n < 500; ++n) {
      const auto got = dictionary_.Get(std::to_string(n % 9), 1);
      EXPECT_EQ(got.value_or("").find_first_not_of('c'), std::string::npos);
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    EXPECT_TRUE(dictionary_.Put("mine", std::string(5000, 'c'), 0));
    EXPECT_EQ(dictionary_.Get("mine", 1), std::string(5000, 'c'));
  }
}

}  // namespace
}  // namespace silverback::nginx
