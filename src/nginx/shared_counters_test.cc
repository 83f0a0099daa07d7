#include "nginx/shared_counters.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace silverback::nginx {
namespace {

class SharedCountersTest : public ::testing::Test {
 protected:
  static constexpr size_t kBytes = 1 << 20;
  SharedCountersTest()
      : memory_(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
        table_(SharedCounters::Create(memory_, kBytes)),
        counters_(table_) {}
  ~SharedCountersTest() override { munmap(memory_, kBytes); }

  void* memory_;
  SharedCounters::Table* table_;
  SharedCounters counters_;
};

TEST_F(SharedCountersTest, CountsUntilItExpires) {
  EXPECT_EQ(counters_.Get("a", 1), 0);
  EXPECT_EQ(counters_.Add("a", 1, 10, 1), 1);
  EXPECT_EQ(counters_.Add("a", 2, 10, 2), 3);
  EXPECT_EQ(counters_.Get("a", 9.9), 3);
  EXPECT_EQ(counters_.Get("a", 10), 0);
  EXPECT_EQ(counters_.Add("a", 5, 20, 11), 5);
  EXPECT_EQ(counters_.Get("b", 1), 0);
}

TEST_F(SharedCountersTest, IsRaisedButNeverLowered) {
  EXPECT_EQ(counters_.RaiseTo("a", 5, 10, 1), 5);
  EXPECT_EQ(counters_.Add("a", 2, 10, 1), 7);
  EXPECT_EQ(counters_.RaiseTo("a", 6, 10, 1), 7);
  EXPECT_EQ(counters_.RaiseTo("a", 1, 20, 10), 1);
}

TEST_F(SharedCountersTest, AFullTableKeepsWhatLivesLongest) {
  counters_.Add("kept", 7, 1e9, 1);
  for (int i = 0; i < 200000; ++i) counters_.Add("k" + std::to_string(i), 1, 100, 1);
  EXPECT_EQ(counters_.Get("kept", 2), 7);
}

TEST_F(SharedCountersTest, ThreadsAndProcessesLoseNoCount) {
  constexpr int kAdds = 20000;
  const pid_t child = fork();
  const auto add = [](SharedCounters& counters) {
    for (int i = 0; i < kAdds; ++i) counters.Add("shared", 1, 100, 1);
  };
  if (child == 0) {
    SharedCounters mine(table_);
    add(mine);
    _exit(0);
  }
  std::thread other([&] { add(counters_); });
  add(counters_);
  other.join();
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(counters_.Get("shared", 2), 3 * kAdds);
}

TEST_F(SharedCountersTest, TheLockOfADeadProcessIsTakenOver) {
  const pid_t child = fork();
  if (child == 0) {
    SharedCounters mine(table_);
    for (;;) mine.Add("busy", 1, 100, 1);
  }
  usleep(20000);
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  counters_.Add("busy", 1, 100, 1);
  EXPECT_GT(counters_.Get("busy", 2), 0);
}

}  // namespace
}  // namespace silverback::nginx
