// Long work beside an event loop: where processors are scarce, the event loop goes first. Linux
// gives each thread a priority of its own, and only root may raise one again: what is long gets a
// thread.
#pragma once

#include <future>
#include <utility>

namespace silverback {

// For good.
void LowerPriorityOfThisThread();

// Runs `work` on a thread of low priority and waits for what it gives; its exceptions come through.
template <class Work>
auto AtLowPriority(Work&& work) {
  return std::async(std::launch::async,
                    [&work] {
                      LowerPriorityOfThisThread();
                      return std::forward<Work>(work)();
                    })
      .get();
}

}  // namespace silverback
