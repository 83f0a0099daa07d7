#include "nginx/shared_counters.h"

#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <new>

#include "nginx/process_lock.h"

namespace silverback::nginx {
namespace {

constexpr int kSlotsPerBucket = 15;

struct Slot {
  uint64_t hash_low, hash_high;
  int64_t value;
  double expires_at;  // 0: free
};

struct Bucket {
  std::atomic<pid_t> owner;
  Slot slots[kSlotsPerBucket];
};

Slot* FindSlot(Bucket& bucket, const XXH128_hash_t& hash) {
  for (Slot& slot : bucket.slots) {
    if (slot.hash_low == hash.low64 && slot.hash_high == hash.high64 && slot.expires_at != 0)
      return &slot;
  }
  return nullptr;
}

Slot& EarliestSlot(Bucket& bucket) {
  Slot* earliest = &bucket.slots[0];
  for (Slot& slot : bucket.slots) {
    if (slot.expires_at < earliest->expires_at) earliest = &slot;
  }
  return *earliest;
}

}  // namespace

struct SharedCounters::Table {
  size_t buckets;
  alignas(64) Bucket first[1];
};

SharedCounters::Table* SharedCounters::Create(void* memory, size_t bytes) {
  auto* table = new (memory) Table();
  table->buckets = 1 + (bytes - sizeof(Table)) / sizeof(Bucket);
  return table;
}

SharedCounters::SharedCounters(Table* table) : table_(table), self_(getpid()) {}

template <class Change>
int64_t SharedCounters::Update(std::string_view key, double expires_at, double now, Change change) {
  const XXH128_hash_t hash = XXH3_128bits(key.data(), key.size());
  Bucket& bucket = table_->first[hash.low64 % table_->buckets];
  const ProcessLock lock(bucket.owner, self_);
  Slot* slot = FindSlot(bucket, hash);
  if (slot == nullptr) slot = &EarliestSlot(bucket);
  const bool mine = slot->hash_low == hash.low64 && slot->hash_high == hash.high64;
  if (!mine || slot->expires_at <= now) *slot = {hash.low64, hash.high64, 0, expires_at};
  change(slot->value);
  return slot->value;
}

int64_t SharedCounters::Add(std::string_view key, int64_t amount, double expires_at, double now) {
  return Update(key, expires_at, now, [amount](int64_t& value) { value += amount; });
}

int64_t SharedCounters::RaiseTo(std::string_view key, int64_t least, double expires_at,
                                double now) {
  return Update(key, expires_at, now, [least](int64_t& value) { value = std::max(value, least); });
}

int64_t SharedCounters::Get(std::string_view key, double now) {
  const XXH128_hash_t hash = XXH3_128bits(key.data(), key.size());
  Bucket& bucket = table_->first[hash.low64 % table_->buckets];
  const ProcessLock lock(bucket.owner, self_);
  const Slot* slot = FindSlot(bucket, hash);
  return slot != nullptr && slot->expires_at > now ? slot->value : 0;
}

}  // namespace silverback::nginx
