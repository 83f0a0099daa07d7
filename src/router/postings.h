// Posting lists: from a combination of attributes to the rules that have it, in the order of
// precedence. Filled in two passes (Count, then Add after Seal), then read-only; any thread may
// read.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <limits>
#include <span>

#include "router/atoms.h"
#include "router/flat_table.h"
#include "util/large_array.h"

namespace silverback::router {

struct PostingKey {
  uint32_t list = 0;  // which family of lists, never 0: a category with a kind
  Atom host = kNoAtom, path = kNoAtom, header = kNoAtom, sni = kNoAtom;

  bool Free() const { return list == 0; }
  bool operator==(const PostingKey&) const = default;
  uint64_t Hash() const { return XXH3_64bits(this, sizeof *this); }
};

class Postings {
 public:
  void Count(const PostingKey& key) { ++lists_.At(key).count; }

  void Seal() {
    uint32_t at = 0;
    for (auto& slot : lists_.slots()) {
      List& list = slot.value;
      list.begin = list.count == 1 ? kHere : at;
      if (list.count > 1) at += list.count;
      list.count = 0;
    }
    values_.resize(at);
  }

  // REQUIRES: as many calls for a key as Count had; values ascending and below kHere.
  void Add(const PostingKey& key, uint32_t value) {
    List& list = lists_.At(key);
    uint32_t& place = list.begin == kHere ? list.begin : values_[list.begin + list.count];
    place = value;
    ++list.count;
  }

  // Good as long as the postings.
  std::span<const uint32_t> Find(const PostingKey& key) const {
    const List* list = lists_.Find(key);
    if (list == nullptr) return {};
    return {list->count == 1 ? &list->begin : values_.data() + list->begin, list->count};
  }

  // Asks for the memory that Find will read first.
  void Prefetch(const PostingKey& key) const { lists_.Prefetch(key); }

  size_t memory_bytes() const {
    return lists_.memory_bytes() + values_.capacity() * sizeof(uint32_t);
  }

 private:
  static constexpr uint32_t kHere = std::numeric_limits<uint32_t>::max();

  // A list of one value, as most are, has it in the place of `begin`: a look-up then reads one
  // cache line. The padding keeps slots from lying across two.
  struct List {
    uint32_t begin = 0, count = 0;
    uint32_t padding = 0;
  };

  FlatTable<PostingKey, List> lists_;
  LargeArray<uint32_t> values_;
};

// How many rules share an attribute.
class Tally {
 public:
  void Count(uint32_t list, Atom atom) { ++counts_.At({list, atom}); }
  uint32_t Of(uint32_t list, Atom atom) const {
    const uint32_t* count = counts_.Find({list, atom});
    return count == nullptr ? 0 : *count;
  }
  void Prefetch(uint32_t list, Atom atom) const { counts_.Prefetch({list, atom}); }
  size_t memory_bytes() const { return counts_.memory_bytes(); }

 private:
  struct Key {
    uint32_t list = 0;  // never 0
    Atom atom = kNoAtom;

    bool Free() const { return list == 0; }
    bool operator==(const Key&) const = default;
    uint64_t Hash() const { return XXH3_64bits(this, sizeof *this); }
  };
  FlatTable<Key, uint32_t> counts_;
};

}  // namespace silverback::router
