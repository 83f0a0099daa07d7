#include "router/prefix_table.h"

#include <bit>
#include <tuple>

namespace silverback::router {

void PrefixTable::Build(const std::vector<std::pair<std::string_view, uint32_t>>& strings) {
  *this = PrefixTable();
  MakeBatches(strings);
  std::vector<Entry> entries;
  entries.reserve(strings.size());
  for (const auto& [string, id] : strings) {
    if (string.empty()) {
      empty_id_ = id;
    } else {
      AddEntries(string, id, entries);
    }
  }
  if (entries.empty()) return;
  // Of the marks of many strings one stays, and none where a string ends.
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.hash, a.slot.size, b.slot.id) < std::tie(b.hash, b.slot.size, a.slot.id);
  });
  const auto same = [this](const Entry& a, const Entry& b) { return SameText(a, b); };
  entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());
  slots_.resize(std::bit_ceil(entries.size() * 2));
  for (const Entry& entry : entries) {
    const std::string_view text(texts_.data() + entry.slot.text, entry.slot.size);
    auto& slot = const_cast<Slot&>(Probe(entry.hash, text));
    if (slot.size == 0) slot = entry.slot;
  }
}

void PrefixTable::MakeBatches(const std::vector<std::pair<std::string_view, uint32_t>>& strings) {
  std::vector<uint32_t> lengths;
  for (const auto& [string, id] : strings) {
    if (string.size() >= lengths.size()) lengths.resize(string.size() + 1);
    lengths[string.size()] = 1;
  }
  Batch* batch = &first_;
  for (uint32_t size = 1; size < lengths.size(); ++size) {
    if (lengths[size] == 0) continue;
    if (batch->count == kBatch) batch = &rest_.emplace_back();
    batch->lengths[batch->count++] = size;
  }
}

void PrefixTable::AddEntries(std::string_view string, uint32_t id, std::vector<Entry>& entries) {
  const auto begin = static_cast<uint32_t>(texts_.size());
  texts_.insert(texts_.end(), string.begin(), string.end());
  Hasher hasher(string);
  const Batch* batch = &first_;
  for (size_t next = 0;; batch = &rest_[next++]) {
    for (uint32_t i = 0; i < batch->count; ++i) {
      const uint32_t size = batch->lengths[i];
      const uint64_t hash = hasher.Hash(size);
      const bool whole = size == string.size();
      if (whole || i + 1 == kBatch) {
        entries.push_back({hash, {static_cast<uint32_t>(hash >> 32), size, whole ? id : 0, begin}});
      }
      if (whole) return;
    }
  }
}

bool PrefixTable::SameText(const Entry& a, const Entry& b) const {
  return a.hash == b.hash && a.slot.size == b.slot.size &&
         std::memcmp(texts_.data() + a.slot.text, texts_.data() + b.slot.text, a.slot.size) == 0;
}

}  // namespace silverback::router
