#include "runtime/shared_state.h"

#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <new>

namespace silverback::runtime {
namespace {

using Clock = std::chrono::steady_clock;

// std::atomic::wait works within one process only; the workers need the system call's shared form.
void FutexWait(std::atomic<uint32_t>& word, uint32_t seen, std::chrono::nanoseconds at_most) {
  const timespec timeout{.tv_sec = at_most.count() / 1'000'000'000,
                         .tv_nsec = at_most.count() % 1'000'000'000};
  syscall(SYS_futex, &word, FUTEX_WAIT, seen, &timeout, nullptr, 0);
}

void FutexWakeAll(std::atomic<uint32_t>& word) {
  word.fetch_add(1, std::memory_order_release);
  syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void RaiseTo(std::atomic<uint64_t>& number, uint64_t value) {
  uint64_t old = number.load(std::memory_order_relaxed);
  while (old < value && !number.compare_exchange_weak(old, value, std::memory_order_acq_rel)) {
  }
}

bool IsDead(pid_t pid) { return kill(pid, 0) != 0 && errno == ESRCH; }

}  // namespace

SharedState* SharedState::Create(void* memory) {
  static_assert(std::atomic<uint64_t>::is_always_lock_free &&
                std::atomic<pid_t>::is_always_lock_free);
  return new (memory) SharedState();
}

void SharedState::SetVersion(int kind, uint64_t version) { RaiseTo(versions_[kind], version); }

void SharedState::SetGeneration(uint64_t generation) {
  SetGenerationQuietly(generation);
  RaiseTo(urgent_generation_, generation);
  Wake();
}

void SharedState::SetGenerationQuietly(uint64_t generation) { RaiseTo(generation_, generation); }

void SharedState::MarkCached(uint64_t hash) {
  cache_marks_[hash % kCacheMarks].store(hash, std::memory_order_release);
}

bool SharedState::IsMarkedCached(uint64_t hash) const {
  return cache_marks_[hash % kCacheMarks].load(std::memory_order_acquire) == hash;
}

void SharedState::ForgetCached(uint64_t hash) {
  cache_epoch_.fetch_add(1, std::memory_order_acq_rel);
  cache_marks_[hash % kCacheMarks].compare_exchange_strong(hash, 0, std::memory_order_acq_rel);
}

void SharedState::ForgetAllCached() {
  cache_epoch_.fetch_add(1, std::memory_order_acq_rel);
  for (auto& mark : cache_marks_) mark.store(0, std::memory_order_release);
}

void SharedState::Wake() { FutexWakeAll(generation_event_); }

bool SharedState::WaitForGeneration(uint64_t seen, std::chrono::milliseconds at_most) {
  const auto there = [&] { return urgent_generation_.load(std::memory_order_acquire) > seen; };
  const uint32_t event = generation_event_.load(std::memory_order_acquire);
  if (there()) return true;
  FutexWait(generation_event_, event, at_most);
  return there();
}

int SharedState::TakeSlot(pid_t pid) {
  for (int i = 0; i < kMaxWorkers; ++i) {
    pid_t owner = slots_[i].pid.load(std::memory_order_acquire);
    if (owner != 0 && !IsDead(owner)) continue;
    if (slots_[i].pid.compare_exchange_strong(owner, pid)) {
      slots_[i].acknowledged.store(0, std::memory_order_release);
      return i;
    }
  }
  return -1;
}

void SharedState::LeaveSlot(int slot) {
  if (slot < 0) return;
  slots_[slot].pid.store(0, std::memory_order_release);
  FutexWakeAll(acknowledge_event_);
}

void SharedState::Acknowledge(int slot, uint64_t generation) {
  if (slot < 0) return;
  RaiseTo(slots_[slot].acknowledged, generation);
  FutexWakeAll(acknowledge_event_);
}

bool SharedState::AllServe(uint64_t generation) {
  for (Slot& slot : slots_) {
    pid_t pid = slot.pid.load(std::memory_order_acquire);
    if (pid == 0 || slot.acknowledged.load(std::memory_order_acquire) >= generation) continue;
    if (!IsDead(pid)) return false;
    slot.pid.compare_exchange_strong(pid, 0);
  }
  return true;
}

bool SharedState::WaitForWorkers(uint64_t generation, std::chrono::milliseconds at_most) {
  constexpr std::chrono::milliseconds kLookForDeadEvery{50};
  const auto end = Clock::now() + at_most;
  for (;;) {
    const uint32_t event = acknowledge_event_.load(std::memory_order_acquire);
    if (AllServe(generation)) return true;
    const auto now = Clock::now();
    if (now >= end) return false;
    FutexWait(acknowledge_event_, event,
              std::min<std::chrono::nanoseconds>(end - now, kLookForDeadEvery));
  }
}

}  // namespace silverback::runtime
