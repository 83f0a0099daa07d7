// Posting lists: from a combination of attributes to the rules that have it, in the order of
// precedence. Filled in two passes (Count, then Add after Seal), then read-only; any thread may
// read.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <span>
#include <vector>

#include "router/atoms.h"
#include "util/large_array.h"

namespace silverback::router {

struct PostingKey {
  uint32_t list = 0;  // which family of lists: a category with a kind
  Atom host = kNoAtom, path = kNoAtom, header = kNoAtom, sni = kNoAtom;

  bool operator==(const PostingKey&) const = default;
  uint64_t Hash() const { return XXH3_64bits(this, sizeof *this); }
};

class Postings {
 public:
  void Count(const PostingKey& key) {
    if ((used_ + 1) * 3 > slots_.size() * 2) Grow();
    Slot& slot = Probe(key);
    if (slot.count++ == 0) {
      slot.key = key;
      ++used_;
    }
    ++total_;
  }

  void Seal() {
    uint32_t at = 0;
    for (Slot& slot : slots_) {
      slot.begin = at;
      at += slot.count;
      slot.count = 0;
    }
    values_.resize(total_);
  }

  // REQUIRES: as many calls for a key as Count had; values ascending.
  void Add(const PostingKey& key, uint32_t value) {
    Slot& slot = ProbeSealed(key);
    values_[slot.begin + slot.count++] = value;
  }

  std::span<const uint32_t> Find(const PostingKey& key) const {
    if (slots_.empty()) return {};
    const Slot& slot = const_cast<Postings*>(this)->ProbeSealed(key);
    return {values_.data() + slot.begin, slot.count};
  }

  size_t memory_bytes() const {
    return slots_.capacity() * sizeof(Slot) + values_.capacity() * sizeof(uint32_t);
  }

 private:
  struct Slot {
    PostingKey key;
    uint32_t begin = 0, count = 0;
  };

  Slot& Probe(const PostingKey& key) {
    const size_t mask = slots_.size() - 1;
    size_t i = key.Hash() & mask;
    while (slots_[i].count != 0 && !(slots_[i].key == key)) i = (i + 1) & mask;
    return slots_[i];
  }
  // After Seal counts start at 0 again, so a free slot is told by its key: no list is number 0.
  Slot& ProbeSealed(const PostingKey& key) {
    const size_t mask = slots_.size() - 1;
    size_t i = key.Hash() & mask;
    while (slots_[i].key.list != 0 && !(slots_[i].key == key)) i = (i + 1) & mask;
    return slots_[i];
  }
  void Grow() {
    LargeArray<Slot> old(slots_.empty() ? 16 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.count != 0) Probe(slot.key) = slot;
    }
  }

  LargeArray<Slot> slots_;
  LargeArray<uint32_t> values_;
  size_t used_ = 0;
  uint32_t total_ = 0;
};

}  // namespace silverback::router
