// Hash table over strings: finds every stored string that a text begins with. The text is tried at
// the lengths that stored strings have, many at once, so that a search on a cold cache waits for
// memory once or twice and not once for each node as in a trie. Immutable after Build; any thread
// may walk.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "util/large_array.h"

namespace silverback::router {

class PrefixTable {
 public:
  // (string, id) pairs, no string twice; ids are > 0.
  void Build(const std::vector<std::pair<std::string_view, uint32_t>>& strings);

  // Calls found(id) for the stored prefixes of `text`, the shortest first.
  template <class F>
  void Walk(std::string_view text, F&& found) const {
    if (empty_id_ != 0) found(empty_id_);
    Hasher hasher(text);
    const Batch* batch = &first_;
    for (size_t next = 0; WalkBatch(*batch, hasher, found) && next < rest_.size(); ++next)
      batch = &rest_[next];
  }

  // Asks for the memory that Walk will read first.
  void Prefetch() const { __builtin_prefetch(rest_.data()); }

  size_t memory_bytes() const {
    return slots_.capacity() * sizeof(Slot) + texts_.capacity() + rest_.capacity() * sizeof(Batch);
  }

 private:
  static constexpr size_t kBatch = 16;

  // Lengths that are tried together. Where a full batch ends, every longer string has a mark in the
  // table, so that a text which no stored string goes along with is left there.
  struct Batch {
    uint32_t count = 0;
    std::array<uint32_t, kBatch> lengths{};
  };
  struct Slot {
    uint32_t tag = 0;
    uint32_t size = 0;  // 0: free
    uint32_t id = 0;    // 0: only a mark
    uint32_t text = 0;  // where it begins in texts_
  };

  // Hashes of a text's beginnings, each made of the one before.
  class Hasher {
   public:
    explicit Hasher(std::string_view text) : text_(text) {}
    std::string_view text() const { return text_; }
    // REQUIRES: sizes ascend and are at most the text's.
    uint64_t Hash(size_t size) {
      for (; size - done_ >= 8; done_ += 8) Mix(Load(8));
      if (size > done_) Mix(Load(size - done_));
      done_ = size;
      return hash_;
    }

   private:
    // The next `bytes` (1 to 8) in one word; fewer than eight leave room for their number.
    uint64_t Load(size_t bytes) const {
      const char* at = text_.data() + done_;
      const auto byte = [&](size_t i) { return uint64_t{static_cast<unsigned char>(at[i])}; };
      if (bytes == 8) return Word<uint64_t>(at);
      if (bytes < 4) {
        return byte(0) | byte(bytes / 2) << 8 | byte(bytes - 1) << 16 | uint64_t{bytes} << 56;
      }
      const uint64_t last = Word<uint32_t>(at + bytes - 4);
      return Word<uint32_t>(at) ^ last << 28 ^ uint64_t { bytes } << 60;
    }
    template <class T>
    static T Word(const char* at) {
      T word;
      std::memcpy(&word, at, sizeof word);
      return word;
    }
    void Mix(uint64_t word) {
      __extension__ using Wide = unsigned __int128;
      const Wide product = static_cast<Wide>(hash_ ^ word) * 0x9E3779B97F4A7C15u;
      hash_ = (static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64)) + 1;
    }

    std::string_view text_;
    size_t done_ = 0;
    uint64_t hash_ = 0x243F6A8885A308D3u;
  };

  template <class F>
  bool WalkBatch(const Batch& batch, Hasher& hasher, F& found) const {
    std::array<uint64_t, kBatch> hashes;
    const std::string_view text = hasher.text();
    size_t count = 0;
    for (; count < batch.count && batch.lengths[count] <= text.size(); ++count) {
      hashes[count] = hasher.Hash(batch.lengths[count]);
      __builtin_prefetch(&slots_[hashes[count] & (slots_.size() - 1)]);
    }
    const Slot* slot = nullptr;
    for (size_t i = 0; i < count; ++i) {
      slot = &Probe(hashes[i], text.substr(0, batch.lengths[i]));
      if (slot->id != 0) found(slot->id);
    }
    return count == kBatch && slot->size != 0;
  }

  // The slot that has `text`, or the free one where it would be.
  const Slot& Probe(uint64_t hash, std::string_view text) const {
    const size_t mask = slots_.size() - 1;
    const auto tag = static_cast<uint32_t>(hash >> 32);
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
      const Slot& slot = slots_[i];
      if (slot.size == 0) return slot;
      if (slot.tag == tag && slot.size == text.size() &&
          std::memcmp(texts_.data() + slot.text, text.data(), text.size()) == 0) {
        return slot;
      }
    }
  }

  // What is to be put into the table: a string or a mark.
  struct Entry {
    uint64_t hash;
    Slot slot;
  };
  void MakeBatches(const std::vector<std::pair<std::string_view, uint32_t>>& strings);
  void AddEntries(std::string_view string, uint32_t id, std::vector<Entry>& entries);
  bool SameText(const Entry& a, const Entry& b) const;

  LargeArray<Slot> slots_;
  LargeArray<char> texts_;
  Batch first_;
  std::vector<Batch> rest_;
  uint32_t empty_id_ = 0;
};

}  // namespace silverback::router
