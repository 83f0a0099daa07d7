#include "util/low_priority.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <stdexcept>

namespace silverback {
namespace {

int Niceness() { return getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())); }

TEST(AtLowPriority, GivesTheResultAndLeavesTheCallerAsItWas) {
  const int before = Niceness();
  EXPECT_GT(AtLowPriority([] { return Niceness(); }), before);
  EXPECT_EQ(Niceness(), before);
}

TEST(AtLowPriority, LetsExceptionsThrough) {
  EXPECT_THROW(AtLowPriority([]() -> int { throw std::runtime_error("no"); }), std::runtime_error);
}

}  // namespace
}  // namespace silverback
