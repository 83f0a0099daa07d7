// Names to small numbers, for the indexes: hosts, paths, header values and server names are strings
// once, in a dictionary, and numbers everywhere else. Built by one thread, then read by any.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
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
    Slot& slot = Probe(name, XXH3_64bits(name.data(), name.size()));
    if (slot.atom != kNoAtom) return slot.atom;
    names_.push_back(Keep(name));
    slot = {static_cast<uint32_t>(XXH3_64bits(name.data(), name.size()) >> 32),
            static_cast<Atom>(names_.size())};
    return slot.atom;
  }

  // kNoAtom when nobody has interned it.
  Atom Find(std::string_view name) const {
    if (slots_.empty()) return kNoAtom;
    return const_cast<AtomTable*>(this)->Probe(name, XXH3_64bits(name.data(), name.size())).atom;
  }

  // Asks for the memory that Find will read first.
  void Prefetch(std::string_view name) const {
    if (slots_.empty()) return;
    const uint64_t hash = XXH3_64bits(name.data(), name.size());
    __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]);
  }

  std::string_view Name(Atom atom) const { return names_[atom - 1]; }
  size_t size() const { return names_.size(); }
  bool empty() const { return names_.empty(); }
  size_t memory_bytes() const {
    return slots_.capacity() * sizeof(Slot) + names_.capacity() * sizeof(std::string_view) +
           chunks_.size() * kChunk + large_bytes_;
  }

 private:
  struct Slot {
    uint32_t tag = 0;  // upper half of the hash: spares most comparisons
    Atom atom = kNoAtom;
  };
  static constexpr size_t kChunk = 1 << 14;

  Slot& Probe(std::string_view name, uint64_t hash) {
    const size_t mask = slots_.size() - 1;
    const auto tag = static_cast<uint32_t>(hash >> 32);
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
      Slot& slot = slots_[i];
      if (slot.atom == kNoAtom) return slot;
      if (slot.tag == tag && names_[slot.atom - 1] == name) return slot;
    }
  }

  void Grow() {
    LargeArray<Slot> old(std::max<size_t>(16, slots_.size() * 2));
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.atom == kNoAtom) continue;
      const std::string_view name = names_[slot.atom - 1];
      Probe(name, XXH3_64bits(name.data(), name.size())) = slot;
    }
  }

  // Chunks never move, so the views stay good.
  std::string_view Keep(std::string_view name) {
    if (name.size() > kChunk / 4) {
      large_bytes_ += name.size();
      large_.push_back(std::make_unique<std::string>(name));
      return *large_.back();
    }
    if (chunks_.empty() || used_ + name.size() > kChunk) {
      chunks_.push_back(std::make_unique<char[]>(kChunk));
      used_ = 0;
    }
    char* place = chunks_.back().get() + used_;
    if (!name.empty()) std::memcpy(place, name.data(), name.size());
    used_ += name.size();
    return {place, name.size()};
  }

  LargeArray<Slot> slots_;
  LargeArray<std::string_view> names_;
  std::vector<std::unique_ptr<char[]>> chunks_;
  std::vector<std::unique_ptr<std::string>> large_;
  size_t used_ = 0, large_bytes_ = 0;
};

}  // namespace silverback::router
