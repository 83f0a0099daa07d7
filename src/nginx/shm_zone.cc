#include "nginx/shm_zone.h"

#include "nginx/conf.h"
#include "nginx/zone_memory.h"

namespace silverback::nginx {
namespace {

// The part of the zone that holds the health of targets.
constexpr size_t kHealthShare = 8;

ngx_int_t InitZone(ngx_shm_zone_t* zone, void* previous) {
  auto* pool = reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr);
  if (previous != nullptr) {
    zone->data = previous;
    return NGX_OK;
  }
  if (zone->shm.exists) {
    zone->data = pool->data;
    return NGX_OK;
  }
  auto* content = static_cast<ZoneContent*>(ngx_slab_calloc(pool, sizeof(ZoneContent)));
  void* state = AllocateAligned(pool, sizeof(runtime::SharedState));
  const size_t health_bytes = std::max(zone->shm.size / kHealthShare, health::Table::BytesFor(16));
  void* health = AllocateAligned(pool, health_bytes);
  size_t bytes = 0;
  void* counters = AllocateLargest(pool, bytes);
  if (content == nullptr || state == nullptr || health == nullptr || counters == nullptr) {
    ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0, "silverback_shared_memory is too small");
    return NGX_ERROR;
  }
  content->state = runtime::SharedState::Create(state);
  content->counters = SharedCounters::Create(counters, bytes);
  content->counters_bytes = bytes;
  content->health = health::Table::Create(health, health_bytes);
  pool->data = content;
  zone->data = content;
  return NGX_OK;
}

}  // namespace

ngx_shm_zone_t* AddZone(ngx_conf_t* cf, size_t bytes) {
  ngx_str_t name = Borrow(std::string_view("silverback"));
  ngx_shm_zone_t* zone = ngx_shared_memory_add(cf, &name, bytes, &ngx_http_silverback_module);
  if (zone != nullptr) zone->init = &InitZone;
  return zone;
}

ZoneContent* ContentOf(ngx_shm_zone_t* zone) { return static_cast<ZoneContent*>(zone->data); }

}  // namespace silverback::nginx
