#include "util/low_priority.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace silverback {
namespace {

// The first form of the kernel's struct sched_attr (sched_setattr(2)): its header cannot be
// included beside the C library's.
struct SchedulingAttributes {
  uint32_t size = sizeof(SchedulingAttributes);
  uint32_t policy = SCHED_OTHER;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime = 0, deadline = 0, period = 0;  // nanoseconds
};

// Linux 6.12 and later: the thread gives its processor back after a short turn, so that an event
// loop that wakes up on it waits no longer than that. Earlier ones take no notice.
void ShortenTurns(pid_t thread, int nice) {
  constexpr std::chrono::nanoseconds kTurn = std::chrono::microseconds(100);
  SchedulingAttributes attributes;
  attributes.nice = nice;
  attributes.runtime = static_cast<uint64_t>(kTurn.count());
  (void)syscall(SYS_sched_setattr, thread, &attributes, 0);
}

}  // namespace

void LowerPriorityOfThisThread() {
  // About a tenth of a processor that an event loop wants all of.
  constexpr int kNicer = 10;
  constexpr int kLowest = 19;
  const pid_t thread = gettid();
  const auto id = static_cast<id_t>(thread);
  const int nice = std::min(getpriority(PRIO_PROCESS, id) + kNicer, kLowest);
  (void)setpriority(PRIO_PROCESS, id, nice);
  ShortenTurns(thread, nice);
}

}  // namespace silverback
