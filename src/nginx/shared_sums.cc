#include "nginx/shared_sums.h"

#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "nginx/process_lock.h"

namespace silverback::nginx {
namespace {

constexpr size_t kBytesPerName = 128;  // room for names, on average

struct Slot {
  std::atomic<uint64_t> hash;  // 0: free; set when all else is
  std::atomic<double> value;
  uint32_t offset, size;  // of the name
};

}  // namespace

// Aligned as the slots, which follow it.
struct alignas(Slot) SharedSums::Memory {
  std::atomic<pid_t> owner;  // of the lock for new names
  uint32_t slot_count, names_size;
  uint32_t slots_used, names_used;

  Slot* slots() { return reinterpret_cast<Slot*>(this + 1); }
  char* names() { return reinterpret_cast<char*>(slots() + slot_count); }
  // The slot of that hash, or the free one where it would be.
  Slot& Find(uint64_t hash) {
    for (uint64_t i = hash;; ++i) {
      Slot& slot = slots()[i % slot_count];
      const uint64_t found = slot.hash.load(std::memory_order_acquire);
      if (found == hash || found == 0) return slot;
    }
  }
};

SharedSums::Memory* SharedSums::Create(void* memory, size_t bytes) {
  if (bytes < sizeof(Memory) + 4 * (sizeof(Slot) + kBytesPerName)) return nullptr;
  auto* made = new (memory) Memory();
  made->slot_count =
      static_cast<uint32_t>((bytes - sizeof(Memory)) / (sizeof(Slot) + kBytesPerName));
  made->names_size = static_cast<uint32_t>(made->slot_count * kBytesPerName);
  return made;
}

SharedSums::SharedSums(Memory* memory) : memory_(memory), self_(getpid()) {}

bool SharedSums::Add(std::string_view name, double amount) {
  const uint64_t hash = std::max<uint64_t>(1, XXH3_64bits(name.data(), name.size()));
  Slot& slot = memory_->Find(hash);
  if (slot.hash.load(std::memory_order_relaxed) == 0) return Insert(hash, name, amount);
  double before = slot.value.load(std::memory_order_relaxed);
  while (!slot.value.compare_exchange_weak(before, before + amount, std::memory_order_relaxed)) {
  }
  return true;
}

bool SharedSums::Insert(uint64_t hash, std::string_view name, double amount) {
  {
    const ProcessLock lock(memory_->owner, self_);
    Slot& slot = memory_->Find(hash);
    if (slot.hash.load(std::memory_order_relaxed) == 0) {
      // Free slots end every search: a quarter stays free.
      const bool full = memory_->slots_used >= memory_->slot_count / 4 * 3 ||
                        name.size() > memory_->names_size - memory_->names_used;
      if (full) return false;
      slot.offset = memory_->names_used;
      slot.size = static_cast<uint32_t>(name.size());
      std::memcpy(memory_->names() + slot.offset, name.data(), name.size());
      memory_->names_used += slot.size;
      ++memory_->slots_used;
      slot.value.store(amount, std::memory_order_relaxed);
      slot.hash.store(hash, std::memory_order_release);
      return true;
    }
  }
  return Add(name, amount);
}

size_t SharedSums::UsedBytes() const {
  const ProcessLock lock(memory_->owner, self_);
  return memory_->slots_used * sizeof(Slot) + memory_->names_used;
}

std::vector<std::pair<std::string, double>> SharedSums::All() const {
  std::vector<std::pair<std::string, double>> all;
  for (uint32_t i = 0; i < memory_->slot_count; ++i) {
    const Slot& slot = memory_->slots()[i];
    if (slot.hash.load(std::memory_order_acquire) == 0) continue;
    all.emplace_back(std::string(memory_->names() + slot.offset, slot.size),
                     slot.value.load(std::memory_order_relaxed));
  }
  return all;
}

}  // namespace silverback::nginx
