#include "runtime/cached_entities.h"

#include <xxhash.h>

#include <algorithm>

namespace silverback::runtime {
namespace {

constexpr size_t kEntriesPerGeneration = 12000;  // about 8 MB
constexpr size_t kRemembered = size_t{1} << 15;

void SetKey(std::string& key, std::string_view entity, std::string_view field,
            std::string_view value) {
  key.assign(entity).append(1, '\0').append(field).append(1, '\0').append(value);
}

uint64_t HashOf(std::string_view key, uint64_t version) {
  return XXH64(key.data(), key.size(), version) | 1;  // never the mark that is none
}

constexpr double kNever = std::numeric_limits<double>::infinity();

class Reading {
 public:
  explicit Reading(replica::Lookups& lookups) : lookups_(lookups), read_(lookups.Begin()) {}
  ~Reading() {
    if (read_) lookups_.End();
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;
  const replica::ReadTransaction* get() const { return read_; }

 private:
  replica::Lookups& lookups_;
  const replica::ReadTransaction* const read_;
};

double ExpiresAt(const Json& row) { return NumberMember(row, "ttl", kNever); }

}  // namespace

CachedEntities::CachedEntities(const entity::Catalog& catalog, const replica::Replica& replica,
                               SharedState& shared, std::function<double()> now)
    : catalog_(catalog), lookups_(replica.MakeLookups()), shared_(shared), now_(std::move(now)) {}

uint64_t CachedEntities::Mark(std::string_view entity, std::string_view field,
                              std::string_view value, uint64_t version) {
  std::string key;
  SetKey(key, entity, field, value);
  return HashOf(key, version);
}

bool CachedEntities::IsWorthKeeping(uint64_t mark) {
  if (old_.empty()) return true;  // there is room
  if (seen_.empty()) seen_.resize(kRemembered);
  return std::exchange(seen_[mark % kRemembered], static_cast<uint32_t>(mark >> 32)) == mark >> 32;
}

// Under `key_`. As many entries go as come, so that no request has to wait for thousands.
CachedEntities::Entry* CachedEntities::Keep(Entry entry) {
  for (int i = 0; i < 2 && !going_.empty(); ++i) going_.erase(going_.begin());
  if (young_.size() >= kEntriesPerGeneration)
    going_ = std::exchange(old_, std::exchange(young_, {}));
  return &(young_[key_] = std::move(entry));
}

template <class Load>
CachedEntities::Entry* CachedEntities::Get(std::string_view entity, std::string_view field,
                                           std::string_view value, Load load) {
  const int kind = catalog_.KindIndex(entity);
  if (kind < 0) return nullptr;
  // Read before the replica: a change in between makes the entry look old, never new.
  const uint64_t version = shared_.version(kind);
  if (const uint64_t epoch = shared_.cache_epoch(); epoch != epoch_) {
    young_.clear();
    old_.clear();
    epoch_ = epoch;
  }
  SetKey(key_, entity, field, value);
  if (auto found = young_.find(key_); found != young_.end() && found->second.version == version) {
    return &found->second;
  }
  if (auto aged = old_.find(key_); aged != old_.end() && aged->second.version == version) {
    Entry again = std::move(aged->second);
    old_.erase(aged);
    return Keep(std::move(again));
  }
  Entry entry{.version = version};
  {
    const Reading reading(*lookups_);
    if (!reading.get()) return nullptr;
    load(*reading.get(), *catalog_.Entity(entity), entry);
  }
  if (entry.row) entry.first_expires_at = ExpiresAt(*entry.row);
  if (entry.rows) {
    for (const auto& row : *entry.rows)
      entry.first_expires_at = std::min(entry.first_expires_at, ExpiresAt(*row));
  }
  const uint64_t mark = HashOf(key_, version);
  if (!entry.rows) shared_.MarkCached(mark);
  if (IsWorthKeeping(mark)) return Keep(std::move(entry));
  passing_ = std::move(entry);
  return &passing_;
}

plugin::EntityRef CachedEntities::LivingRow(const Entry* entry) const {
  if (entry == nullptr || entry->first_expires_at <= now_()) return nullptr;
  return entry->row;
}

plugin::EntityRef CachedEntities::Find(std::string_view entity, std::string_view primary_key) {
  const Entry* entry =
      Get(entity, "", primary_key, [&](const auto& read, const auto& schema, Entry& out) {
        if (auto row = read.Find(schema, primary_key))
          out.row = std::make_shared<const Json>(std::move(*row));
      });
  return LivingRow(entry);
}

plugin::EntityRef CachedEntities::FindUnique(std::string_view entity, std::string_view field,
                                             std::string_view value) {
  const Entry* entry =
      Get(entity, field, value, [&](const auto& read, const auto& schema, Entry& out) {
        if (auto row = read.FindUnique(schema, field, value)) {
          out.row = std::make_shared<const Json>(std::move(*row));
        }
      });
  return LivingRow(entry);
}

std::shared_ptr<const std::vector<plugin::EntityRef>> CachedEntities::FindFor(
    std::string_view entity, std::string_view foreign_field, std::string_view id) {
  static const Rows kNone = std::make_shared<const std::vector<plugin::EntityRef>>();
  const Entry* entry =
      Get(entity, foreign_field, id, [&](const auto& read, const auto& schema, Entry& out) {
        auto rows = std::make_shared<std::vector<plugin::EntityRef>>();
        for (Json& row : read.FindFor(schema, foreign_field, id)) {
          rows->push_back(std::make_shared<const Json>(std::move(row)));
        }
        out.rows = std::move(rows);
      });
  if (!entry || !entry->rows) return kNone;
  const double now = now_();
  if (entry->first_expires_at > now) return entry->rows;
  auto living = std::make_shared<std::vector<plugin::EntityRef>>();
  for (const auto& row : *entry->rows) {
    if (ExpiresAt(*row) > now) living->push_back(row);
  }
  return living;
}

}  // namespace silverback::runtime
