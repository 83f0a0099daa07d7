#include "health/table.h"

#include <xxhash.h>

#include <charconv>
#include <cstring>
#include <new>
#include <string>

namespace silverback::health {
namespace {

constexpr uint64_t kMagic = 0x53424845414c5431;  // layout 1
constexpr uint32_t kLeadSeconds = 5;

}  // namespace

static_assert(std::atomic<uint64_t>::is_always_lock_free);

size_t Table::BytesFor(size_t addresses) {
  const size_t windows = (addresses * 2 + kWindow - 1) / kWindow;
  return sizeof(Table) + windows * kWindow * sizeof(Slot);
}

uint32_t Table::CapacityOf(size_t bytes) {
  return static_cast<uint32_t>((bytes - sizeof(Table)) / sizeof(Slot) / kWindow * kWindow);
}

Table* Table::Attach(void* memory, size_t bytes) {
  auto* table = static_cast<Table*>(memory);
  if (table->magic_.load(std::memory_order_acquire) == kMagic &&
      table->capacity_ == CapacityOf(bytes)) {
    return table;
  }
  std::memset(memory, 0, bytes);
  return Create(memory, bytes);
}

Table* Table::Create(void* memory, size_t bytes) {
  auto* table = new (memory) Table();
  table->capacity_ = CapacityOf(bytes);
  table->magic_.store(kMagic, std::memory_order_release);
  return table;
}

uint64_t Table::Key(std::string_view upstream, std::string_view host, std::string_view ip,
                    int port) {
  std::string text;
  for (const std::string_view part : {upstream, host, ip}) {
    text.append(part);
    text.push_back('\0');
  }
  text += std::to_string(port);
  const uint64_t key = XXH3_64bits(text.data(), text.size());
  return key == 0 ? 1 : key;
}

Table::Handle Table::Claim(uint64_t key, uint32_t now) {
  const auto begin = static_cast<uint32_t>(key % (capacity_ / kWindow)) * kWindow;
  while (true) {
    uint32_t oldest = begin;
    for (uint32_t i = begin; i < begin + kWindow; ++i) {
      Slot& slot = slots()[i];
      const uint64_t other = slot.key.load(std::memory_order_acquire);
      if (other == key) {
        slot.used_at.store(now, std::memory_order_relaxed);
        return {i, key};
      }
      if (other == 0) {
        oldest = i;
        break;
      }
      if (slot.used_at.load(std::memory_order_relaxed) <
          slots()[oldest].used_at.load(std::memory_order_relaxed)) {
        oldest = i;
      }
    }
    Slot& slot = slots()[oldest];
    uint64_t expected = slot.key.load(std::memory_order_acquire);
    if (expected == key || !slot.key.compare_exchange_strong(expected, key)) continue;
    slot.circuit.store(Circuit().Pack(), std::memory_order_release);
    slot.used_at.store(now, std::memory_order_relaxed);
    return {oldest, key};
  }
}

const Table::Slot* Table::Find(const Handle& handle) const {
  if (handle.key == 0) return nullptr;
  const Slot& slot = slots()[handle.slot];
  return slot.key.load(std::memory_order_acquire) == handle.key ? &slot : nullptr;
}

Circuit Table::Get(const Handle& handle) const {
  const Slot* slot = Find(handle);
  return slot ? Circuit::Unpack(slot->circuit.load(std::memory_order_acquire)) : Circuit();
}

bool Table::Apply(const Handle& handle, Report report, const Limits& limits) {
  auto* slot = const_cast<Slot*>(Find(handle));
  if (slot == nullptr) return false;
  uint64_t word = slot->circuit.load(std::memory_order_acquire);
  while (true) {
    const Circuit before = Circuit::Unpack(word);
    const Circuit after = before.After(report, limits);
    if (after.Pack() == word) return false;
    if (!slot->circuit.compare_exchange_weak(word, after.Pack())) continue;
    if (before.available() == after.available()) return false;
    version_.fetch_add(1, std::memory_order_release);
    return true;
  }
}

void Table::Set(const Handle& handle, bool healthy) {
  auto* slot = const_cast<Slot*>(Find(handle));
  if (slot == nullptr) return;
  Circuit circuit;
  circuit.state = healthy ? State::kHealthy : State::kUnhealthy;
  slot->circuit.store(circuit.Pack(), std::memory_order_release);
  version_.fetch_add(1, std::memory_order_release);
}

bool Table::Lead(uint32_t worker, uint32_t now) {
  const uint64_t mine = uint64_t{worker} << 32 | now;
  uint64_t lead = lead_.load(std::memory_order_acquire);
  const auto leader = static_cast<uint32_t>(lead >> 32);
  const auto called_at = static_cast<uint32_t>(lead);
  if (leader != worker && leader != 0 && now < called_at + kLeadSeconds) return false;
  return lead_.compare_exchange_strong(lead, mine);
}

void Table::Resign(uint32_t worker) {
  uint64_t lead = lead_.load(std::memory_order_acquire);
  if (lead >> 32 == worker) lead_.compare_exchange_strong(lead, 0);
}

}  // namespace silverback::health
