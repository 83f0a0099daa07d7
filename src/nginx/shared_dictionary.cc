#include "nginx/shared_dictionary.h"

#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "nginx/process_lock.h"

namespace silverback::nginx {
namespace {

constexpr size_t kBlockSize = 1024;
constexpr size_t kLeastBlocks = 16;
constexpr uint32_t kBlocksPerTurn = 64;  // copied while the lock is held
constexpr uint32_t kLargestShare = 4;    // a value takes a quarter of the memory at most

using Index = uint32_t;  // of a block, from 1; 0: none

// Of an entry, in its first block.
struct Head {
  uint64_t hash_low, hash_high;
  uint64_t generation;  // 0: the block begins no entry; changes when another entry takes the place
  uint64_t size;        // of the value
  double expires_at;    // 0: never
  Index next_in_bucket;
  Index newer, older;  // in the order of use
  bool complete;       // can be found
};

struct Block {
  Index next;  // of the same entry, or of the free ones
  Head head;
  char bytes[kBlockSize - sizeof(Head) - sizeof(uint64_t)];
};
static_assert(sizeof(Block) == kBlockSize);

Index BlocksFor(size_t size) {
  return static_cast<Index>(
      std::max<size_t>(1, (size + sizeof(Block::bytes) - 1) / sizeof(Block::bytes)));
}

}  // namespace

struct SharedDictionary::Memory {
  std::atomic<pid_t> owner;
  Index block_count;
  Index used;              // blocks that have been used at least once: the first so many
  Index free, free_count;  // of these
  Index newest, oldest;
  uint64_t generations;  // given to entries so far
  uint64_t epoch;        // grows when all entries go at once

  Index* buckets() { return reinterpret_cast<Index*>(this + 1); }
  Block* blocks() {
    const auto end = reinterpret_cast<uintptr_t>(buckets() + block_count);
    return reinterpret_cast<Block*>((end + alignof(Block) - 1) / alignof(Block) * alignof(Block));
  }
};

namespace {

// What may be done while the lock is held.
class Access {
 public:
  using Memory = SharedDictionary::Memory;

  Access(Memory& memory, pid_t self) : memory_(memory), lock_(memory.owner, self) {
    if (lock_.inherited()) Reset();
  }

  Block& At(Index index) { return memory_.blocks()[index - 1]; }
  // A place in memory as somebody who copies remembers it, and whether it is still the same entry.
  struct Place {
    Index first = 0;
    uint64_t generation = 0, epoch = 0;
  };
  Place Remember(Index first) { return {first, At(first).head.generation, memory_.epoch}; }
  bool Holds(const Place& place) {
    return memory_.epoch == place.epoch && At(place.first).head.generation == place.generation;
  }

  void Reset() {
    ++memory_.epoch;
    std::memset(memory_.buckets(), 0, memory_.block_count * sizeof(Index));
    memory_.used = memory_.free = memory_.free_count = memory_.newest = memory_.oldest = 0;
  }

  Index Find(const XXH128_hash_t& hash) {
    for (Index i = BucketOf(hash); i != 0; i = At(i).head.next_in_bucket) {
      const Head& head = At(i).head;
      if (head.hash_low == hash.low64 && head.hash_high == hash.high64) return i;
    }
    return 0;
  }

  // What has expired goes.
  Index FindLiving(const XXH128_hash_t& hash, double now) {
    const Index first = Find(hash);
    if (first == 0) return 0;
    const double expires_at = At(first).head.expires_at;
    if (expires_at == 0 || expires_at > now) return first;
    Drop(first);
    return 0;
  }

  // A new entry, newest of all, that is not found yet.
  Index Begin(const XXH128_hash_t& hash, size_t size, double expires_at) {
    const Index wanted = BlocksFor(size);
    while (memory_.free_count + (memory_.block_count - memory_.used) < wanted) Drop(memory_.oldest);
    const Index first = Take();
    Index last = first;
    for (Index i = 1; i < wanted; ++i) last = At(last).next = Take();
    At(last).next = 0;
    At(first).head = {hash.low64, hash.high64, ++memory_.generations, size, expires_at, 0, 0,
                      0,          false};
    LinkNewest(first);
    return first;
  }

  void Complete(Index first) {
    Head& head = At(first).head;
    if (const Index before = Find({head.hash_low, head.hash_high})) Drop(before);
    Index& bucket = BucketOf({head.hash_low, head.hash_high});
    head.next_in_bucket = bucket;
    bucket = first;
    head.complete = true;
  }

  void Drop(Index first) {
    Head& head = At(first).head;
    if (head.complete) {
      Index* link = &BucketOf({head.hash_low, head.hash_high});
      while (*link != first) link = &At(*link).head.next_in_bucket;
      *link = head.next_in_bucket;
    }
    Unlink(first);
    head.generation = 0;
    for (Index i = first; i != 0;) {
      const Index next = At(i).next;
      At(i).next = memory_.free;
      memory_.free = i;
      ++memory_.free_count;
      i = next;
    }
  }

  void Touch(Index first) {
    Unlink(first);
    LinkNewest(first);
  }

 private:
  Index& BucketOf(const XXH128_hash_t& hash) {
    return memory_.buckets()[hash.low64 % memory_.block_count];
  }

  Index Take() {
    if (memory_.free == 0) {
      const Index fresh = ++memory_.used;
      At(fresh).head.generation = 0;
      return fresh;
    }
    const Index taken = memory_.free;
    memory_.free = At(taken).next;
    --memory_.free_count;
    return taken;
  }

  void LinkNewest(Index first) {
    Head& head = At(first).head;
    head.newer = 0;
    head.older = memory_.newest;
    if (memory_.newest != 0) At(memory_.newest).head.newer = first;
    memory_.newest = first;
    if (memory_.oldest == 0) memory_.oldest = first;
  }

  void Unlink(Index first) {
    const Head& head = At(first).head;
    (head.newer != 0 ? At(head.newer).head.older : memory_.newest) = head.older;
    (head.older != 0 ? At(head.older).head.newer : memory_.oldest) = head.newer;
  }

  Memory& memory_;
  const ProcessLock lock_;
};

XXH128_hash_t HashOf(std::string_view key) { return XXH3_128bits(key.data(), key.size()); }

}  // namespace

SharedDictionary::Memory* SharedDictionary::Create(void* memory, size_t bytes) {
  if (bytes < sizeof(Memory) + (kLeastBlocks + 1) * (kBlockSize + sizeof(Index))) return nullptr;
  auto* made = new (memory) Memory();
  made->block_count =
      static_cast<Index>((bytes - sizeof(Memory) - kBlockSize) / (kBlockSize + sizeof(Index)));
  return made;
}

SharedDictionary::SharedDictionary(Memory* memory) : memory_(memory), self_(getpid()) {}

size_t SharedDictionary::LargestValue() const {
  return memory_->block_count / kLargestShare * sizeof(Block::bytes);
}

size_t SharedDictionary::UsedBytes() const {
  const Access access(*memory_, self_);
  return (memory_->used - memory_->free_count) * kBlockSize;
}

bool SharedDictionary::Put(std::string_view key, std::string_view value, double expires_at) {
  return Store(key, value, expires_at, std::nullopt);
}

bool SharedDictionary::Add(std::string_view key, std::string_view value, double expires_at,
                           double now) {
  return Store(key, value, expires_at, now);
}

bool SharedDictionary::Store(std::string_view key, std::string_view value, double expires_at,
                             std::optional<double> now) {
  if (value.size() > LargestValue()) return false;
  const XXH128_hash_t hash = HashOf(key);
  Access::Place place;
  {
    Access access(*memory_, self_);
    if (now && access.FindLiving(hash, *now) != 0) return false;
    place = access.Remember(access.Begin(hash, value.size(), expires_at));
  }
  for (Index at = place.first;;) {
    Access access(*memory_, self_);
    // Others may have needed the room meanwhile.
    if (!access.Holds(place)) return false;
    for (Index turn = 0; turn < kBlocksPerTurn && !value.empty(); ++turn) {
      Block& block = access.At(at);
      const size_t size = std::min(value.size(), sizeof(block.bytes));
      std::memcpy(block.bytes, value.data(), size);
      value.remove_prefix(size);
      at = block.next;
    }
    if (!value.empty()) continue;
    if (now && access.FindLiving(hash, *now) != 0) {
      access.Drop(place.first);
      return false;
    }
    access.Complete(place.first);
    return true;
  }
}

std::optional<std::string> SharedDictionary::Get(std::string_view key, double now) {
  const XXH128_hash_t hash = HashOf(key);
  std::string value;
  Access::Place place;
  Index at = 0;
  size_t size = 0;
  do {
    Access access(*memory_, self_);
    if (place.first == 0) {
      const Index first = access.FindLiving(hash, now);
      if (first == 0) return std::nullopt;
      access.Touch(first);
      place = access.Remember(at = first);
      size = access.At(first).head.size;
      value.reserve(size);
    }
    if (!access.Holds(place)) return std::nullopt;
    for (Index turn = 0; turn < kBlocksPerTurn && value.size() < size; ++turn) {
      const Block& block = access.At(at);
      value.append(block.bytes, std::min(size - value.size(), sizeof(block.bytes)));
      at = block.next;
    }
  } while (value.size() < size);
  return value;
}

bool SharedDictionary::Remove(std::string_view key, double now) {
  Access access(*memory_, self_);
  const Index first = access.FindLiving(HashOf(key), now);
  if (first != 0) access.Drop(first);
  return first != 0;
}

void SharedDictionary::Clear() { Access(*memory_, self_).Reset(); }

}  // namespace silverback::nginx
