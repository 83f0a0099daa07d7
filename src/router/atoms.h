// Names to small numbers, for the indexes: hosts, paths, header values and server names are strings
// once, in a dictionary, and numbers everywhere else. Built by one thread, then read by any.
#pragma once

#include <xxhash.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "util/large_array.h"

namespace silverback::router {

using Atom = uint32_t;
constexpr Atom kNoAtom = 0;

class AtomTable {
 public:
  // The number of `name`, made when it is new.
  Atom Intern(std::string_view name) {
    if ((names_.size() + 1) * 2 > slots_.size()) Grow();
    const uint64_t hash = Hash(name);
    Slot& slot = Probe(name, hash);
    if (slot.atom != kNoAtom) return slot.atom;
    names_.push_back(Keep(name));
    slot = {Tag(hash), static_cast<Atom>(names_.size()), names_.back().data()};
    return slot.atom;
  }

  // kNoAtom when nobody has interned it.
  Atom Find(std::string_view name) const {
    if (slots_.empty()) return kNoAtom;
    return const_cast<AtomTable*>(this)->Probe(name, Hash(name)).atom;
  }

  // Asks for the memory that Find will read first.
  void Prefetch(std::string_view name) const {
    if (slots_.empty()) return;
    __builtin_prefetch(&slots_[Hash(name) & (slots_.size() - 1)]);
  }

  std::string_view Name(Atom atom) const { return names_[atom - 1]; }
  size_t size() const { return names_.size(); }
  bool empty() const { return names_.empty(); }
  size_t memory_bytes() const {
    size_t bytes = slots_.capacity() * sizeof(Slot) + names_.capacity() * sizeof(std::string_view);
    for (const auto& chunk : chunks_) bytes += chunk.capacity();
    return bytes;
  }

 private:
  // Has all that a look-up needs before it compares the text itself.
  struct Slot {
    uint32_t tag = 0;  // upper half of the hash: spares most comparisons
    Atom atom = kNoAtom;
    const char* text = nullptr;  // see Keep
  };
  static constexpr size_t kFirstChunk = 1 << 10, kLargestChunk = 2 << 20;

  static uint64_t Hash(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }
  static uint32_t Tag(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

  static bool HasText(const Slot& slot, std::string_view name) {
    uint32_t size;
    std::memcpy(&size, slot.text - sizeof size, sizeof size);
    return size == name.size() && std::memcmp(slot.text, name.data(), size) == 0;
  }

  Slot& Probe(std::string_view name, uint64_t hash) {
    const size_t mask = slots_.size() - 1;
    const uint32_t tag = Tag(hash);
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
      Slot& slot = slots_[i];
      if (slot.atom == kNoAtom || (slot.tag == tag && HasText(slot, name))) return slot;
    }
  }

  void Grow() {
    LargeArray<Slot> old(std::max<size_t>(16, slots_.size() * 2));
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.atom == kNoAtom) continue;
      const std::string_view name = names_[slot.atom - 1];
      Probe(name, Hash(name)) = slot;
    }
  }

  // A copy of the name, with its size before it. Chunks never move, so the views stay good.
  std::string_view Keep(std::string_view name) {
    const auto size = static_cast<uint32_t>(name.size());
    const size_t needed = sizeof size + size;
    if (chunks_.empty() || chunks_.back().capacity() - chunks_.back().size() < needed) {
      const size_t next = chunks_.empty() ? kFirstChunk : chunks_.back().capacity() * 2;
      chunks_.emplace_back().reserve(std::max(std::min(next, kLargestChunk), needed));
    }
    LargeArray<char>& chunk = chunks_.back();
    const auto* bytes = reinterpret_cast<const char*>(&size);
    chunk.insert(chunk.end(), bytes, bytes + sizeof size);
    chunk.insert(chunk.end(), name.begin(), name.end());
    return {chunk.data() + chunk.size() - size, size};
  }

  LargeArray<Slot> slots_;
  LargeArray<std::string_view> names_;
  std::vector<LargeArray<char>> chunks_;
};

}  // namespace silverback::router
