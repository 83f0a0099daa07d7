// Open-addressing hash table of plain keys and values. A key tells with Free() whether it is that
// of an unused slot. Filled by one thread, then read by any.
#pragma once

#include <cstdint>

#include "util/large_array.h"

namespace silverback::router {

template <class Key, class Value>
class FlatTable {
 public:
  struct Slot {
    Key key{};
    Value value{};
  };

  // The value of `key`, made when it is new. Good until the next call.
  Value& At(const Key& key) {
    if ((used_ + 1) * 3 > slots_.size() * 2) Grow();
    Slot& slot = Probe(key);
    if (slot.key.Free()) {
      slot.key = key;
      ++used_;
    }
    return slot.value;
  }

  // nullptr when nobody has made it.
  const Value* Find(const Key& key) const {
    if (slots_.empty()) return nullptr;
    const Slot& slot = const_cast<FlatTable*>(this)->Probe(key);
    return slot.key.Free() ? nullptr : &slot.value;
  }

  // Asks for the memory that Find will read first.
  void Prefetch(const Key& key) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[key.Hash() & (slots_.size() - 1)]);
  }

  // Over used and unused slots.
  LargeArray<Slot>& slots() { return slots_; }

  size_t memory_bytes() const { return slots_.capacity() * sizeof(Slot); }

 private:
  Slot& Probe(const Key& key) {
    const size_t mask = slots_.size() - 1;
    size_t i = key.Hash() & mask;
    while (!slots_[i].key.Free() && !(slots_[i].key == key)) i = (i + 1) & mask;
    return slots_[i];
  }
  void Grow() {
    LargeArray<Slot> old(slots_.empty() ? 16 : slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (!slot.key.Free()) Probe(slot.key) = slot;
    }
  }

  LargeArray<Slot> slots_;
  size_t used_ = 0;
};

}  // namespace silverback::router
