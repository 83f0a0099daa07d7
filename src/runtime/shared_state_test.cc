#include "runtime/shared_state.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <thread>

namespace silverback::runtime {
namespace {

using std::chrono::milliseconds;

class SharedStateTest : public ::testing::Test {
 protected:
  alignas(64) std::byte memory_[sizeof(SharedState)];
  SharedState& state_ = *SharedState::Create(memory_);
};

TEST_F(SharedStateTest, NumbersNeverGoBack) {
  state_.SetGeneration(5);
  state_.SetGeneration(3);
  state_.SetVersion(1, 4);
  state_.SetVersion(1, 2);
  EXPECT_EQ(state_.generation(), 5u);
  EXPECT_EQ(state_.version(1), 4u);
}

TEST_F(SharedStateTest, WaitingEndsWhenEveryWorkerHasAcknowledged) {
  const int a = state_.TakeSlot(getpid()), b = state_.TakeSlot(getppid());
  ASSERT_NE(a, b);
  state_.Acknowledge(a, 7);
  EXPECT_FALSE(state_.WaitForWorkers(7, milliseconds(1)));
  std::thread other([&] { state_.Acknowledge(b, 8); });
  EXPECT_TRUE(state_.WaitForWorkers(7, milliseconds(5000)));
  other.join();
}

TEST_F(SharedStateTest, DeadWorkersAreNotWaitedForAndTheirSlotsAreTakenOver) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  const int slot = state_.TakeSlot(child);
  EXPECT_TRUE(state_.WaitForWorkers(1, milliseconds(1000)));
  EXPECT_EQ(state_.TakeSlot(getpid()), slot);
}

TEST_F(SharedStateTest, LeavingCountsAsAcknowledged) {
  const int slot = state_.TakeSlot(getpid());
  state_.LeaveSlot(slot);
  EXPECT_TRUE(state_.WaitForWorkers(9, milliseconds(1000)));
}

TEST_F(SharedStateTest, TellsWhatIsCached) {
  EXPECT_FALSE(state_.IsMarkedCached(9));
  state_.MarkCached(9);
  EXPECT_TRUE(state_.IsMarkedCached(9));
  const uint64_t epoch = state_.cache_epoch();
  state_.ForgetCached(9);
  EXPECT_FALSE(state_.IsMarkedCached(9));
  EXPECT_NE(state_.cache_epoch(), epoch);
  state_.MarkCached(9);
  state_.MarkCached(9 + kCacheMarks);  // displaces it
  EXPECT_FALSE(state_.IsMarkedCached(9));
  state_.ForgetAllCached();
  EXPECT_FALSE(state_.IsMarkedCached(9 + kCacheMarks));
}

TEST_F(SharedStateTest, WaitForGenerationReturnsWhenItMoved) {
  std::thread other([&] { state_.SetGeneration(1); });
  while (state_.generation() < 1) state_.WaitForGeneration(0, milliseconds(5000));
  other.join();
}

TEST_F(SharedStateTest, QuietGenerationsWakeNobody) {
  state_.SetGenerationQuietly(5);
  EXPECT_EQ(state_.generation(), 5u);
  EXPECT_FALSE(state_.WaitForGeneration(0, milliseconds(1)));
  state_.SetGeneration(6);
  EXPECT_TRUE(state_.WaitForGeneration(5, milliseconds(1)));
  state_.SetGenerationQuietly(7);
  EXPECT_FALSE(state_.WaitForGeneration(6, milliseconds(1)));
}

}  // namespace
}  // namespace silverback::runtime
