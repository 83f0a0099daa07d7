// The words in which nodes tell each other of changes, as in Kong 2.8: the cache keys of the rows
// that changed, so that Kong nodes drop what they have cached, and back: which row a cache key
// means. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "entity/catalog.h"
#include "store/change_feed.h"
#include "store/store.h"

namespace silverback::store {

inline constexpr std::string_view kInvalidations = "invalidations";
inline constexpr std::string_view kTargetEvents = "balancer:targets";
inline constexpr std::string_view kUpstreamEvents = "balancer:upstreams";
inline constexpr std::string_view kHealthEvents = "balancer:post_health";
// Answers that proxy-cache keeps were removed by hand.
inline constexpr std::string_view kPurgeEvents = "proxy-cache:purge";
// Ours, for rows that have no cache key that is known: ENTITY:PRIMARY-KEY.
inline constexpr std::string_view kRowEvents = "silverback:rows";

// What to tell of the changes of one transaction, each once.
std::vector<ClusterEvent> EventsOf(const std::vector<Change>& changes);

// The key under which Kong caches the row: NAME:VALUE:::::WORKSPACE. Of the primary key where the
// schema names no cache_key.
std::string CacheKeyOf(const schema::Schema& schema, const Json& row);

// What an event says has changed.
struct Mention {
  enum class Kind {
    kRow,      // the row with the primary key `value`
    kUnique,   // the one whose `field` (a unique field or "cache_key") is `value`, now or before
    kForeign,  // those whose foreign `field` refers to `value`
    kEntity,   // some of this entity, which is also told of by other events
    kAnything  // not told: `schema` is null
  };
  Kind kind;
  const schema::Schema* schema = nullptr;
  std::string field, value;
};

// Empty: nothing that a node keeps (health, versions of caches that follow from rows).
std::vector<Mention> MentionsOf(const entity::Catalog& catalog, const ClusterEvent& event);

// What kHealthEvents say: somebody set the health of a target by hand.
struct TargetHealth {
  std::string host, ip;  // of the target as it is written; "" for all its addresses
  int port = 0;          // of the address, or of the target
  bool healthy = true;
  std::string upstream_id, upstream_name;

  std::string ToData() const;  // HOST|IP|PORT|0 or 1|ID|NAME
  static std::optional<TargetHealth> Parse(std::string_view data);
};

// What kPurgeEvents say.
struct CachePurge {
  std::string plugin_id, key;  // "": all of them

  std::string ToData() const;  // ID:KEY or ID:nil
  static std::optional<CachePurge> Parse(std::string_view data);
};

}  // namespace silverback::store
