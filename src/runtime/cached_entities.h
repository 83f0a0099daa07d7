// CachedEntities: plugin::EntityReader over the node's replica with the worker's cache of decoded
// rows. An entry is good as long as no row of its kind has changed (SharedState::version), so
// answers are as new as the last acknowledged write. Event loop only.
#pragma once

#include <functional>
#include <limits>
#include <string>
#include <unordered_map>

#include "plugin/env.h"
#include "replica/replica.h"
#include "runtime/shared_state.h"

namespace silverback::runtime {

class CachedEntities final : public plugin::EntityReader {
 public:
  // All outlive the reader; `now` gives seconds since the epoch.
  CachedEntities(const entity::Catalog& catalog, const replica::Replica& replica,
                 SharedState& shared, std::function<double()> now);

  // What SharedState's marks call a row that was looked up by `field` ("": its primary key), also
  // in vain, while its kind had that version. Any thread.
  static uint64_t Mark(std::string_view entity, std::string_view field, std::string_view value,
                       uint64_t version);

  plugin::EntityRef Find(std::string_view entity, std::string_view primary_key) override;
  plugin::EntityRef FindUnique(std::string_view entity, std::string_view field,
                               std::string_view value) override;
  std::shared_ptr<const std::vector<plugin::EntityRef>> FindFor(std::string_view entity,
                                                                std::string_view foreign_field,
                                                                std::string_view id) override;

 private:
  using Rows = std::shared_ptr<const std::vector<plugin::EntityRef>>;
  struct Entry {
    uint64_t version;
    plugin::EntityRef row{};  // of Find and FindUnique; null: known to be absent
    Rows rows{};              // of FindFor
    // Of the row, or of the first of the rows; in seconds since the epoch.
    double first_expires_at = std::numeric_limits<double>::infinity();
  };
  using Map = std::unordered_map<std::string, Entry>;
  template <class Load>
  Entry* Get(std::string_view entity, std::string_view field, std::string_view value, Load load);
  plugin::EntityRef LivingRow(const Entry* entry) const;

  bool IsWorthKeeping(uint64_t mark);
  Entry* Keep(Entry entry);

  const entity::Catalog& catalog_;
  const std::unique_ptr<replica::Lookups> lookups_;
  SharedState& shared_;
  const std::function<double()> now_;
  // Two generations: when the young one is full it becomes the old one, and what the old one still
  // held and nobody used goes, a few entries at a time.
  Map young_, old_, going_;
  // What was looked up lately, once there are more rows than are kept: only those that come again
  // are. So look-ups all over a large replica cost no memory, and drive out nothing that is in use.
  std::vector<uint32_t> seen_;
  Entry passing_{.version = 0};  // one that is not kept, until the next look-up
  uint64_t epoch_ = 0;
  std::string key_;  // reused, so that a hit allocates nothing
};

}  // namespace silverback::runtime
