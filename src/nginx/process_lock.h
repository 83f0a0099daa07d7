// ProcessLock: a lock in shared memory that is held for an instant. A process that is killed while
// it holds the lock does not block the others: they see that it is gone. Any thread.
#pragma once

#include <sched.h>
#include <signal.h>
#include <sys/types.h>

#include <atomic>
#include <cerrno>

namespace silverback::nginx {

class ProcessLock {
 public:
  // `self`: this process' id. Zeroed memory is a free lock.
  ProcessLock(std::atomic<pid_t>& owner, pid_t self) : owner_(owner) {
    for (int spins = 1;; ++spins) {
      pid_t holder = 0;
      if (owner_.compare_exchange_weak(holder, self, std::memory_order_acquire)) return;
      if (spins % kSpinsBeforeLook != 0) continue;
      // It is held for so short a time that its owner was preempted, or died here.
      if (holder != 0 && kill(holder, 0) != 0 && errno == ESRCH &&
          owner_.compare_exchange_strong(holder, self, std::memory_order_acquire)) {
        inherited_ = true;
        return;
      }
      sched_yield();
    }
  }
  ~ProcessLock() { owner_.store(0, std::memory_order_release); }
  ProcessLock(const ProcessLock&) = delete;
  ProcessLock& operator=(const ProcessLock&) = delete;

  // The one that held it before died: what it guards may be half changed.
  bool inherited() const { return inherited_; }

 private:
  static constexpr int kSpinsBeforeLook = 1000;

  std::atomic<pid_t>& owner_;
  bool inherited_ = false;
};

}  // namespace silverback::nginx
