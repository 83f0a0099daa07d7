#include "util/low_priority.h"

#include <sys/resource.h>
#include <unistd.h>

namespace silverback {

void LowerPriorityOfThisThread() {
  // About a tenth of a processor that an event loop wants all of.
  constexpr int kNicer = 10;
  const auto thread = static_cast<id_t>(gettid());
  (void)setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) + kNicer);
}

}  // namespace silverback
