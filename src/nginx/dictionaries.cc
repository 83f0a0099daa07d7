#include "nginx/dictionaries.h"

#include "config/gateway_conf.h"
#include "nginx/guard.h"
#include "nginx/zone_memory.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

// In front of the names, so that the Lua module's own dictionaries are others.
constexpr std::string_view kZonePrefix = "silverback:";
// Kong's plugin of that name counts in it; ours too, in another layout.
constexpr std::string_view kSums = "prometheus_metrics";
// What Kong's other dictionaries stand for: whoever names one of them gets this one.
constexpr std::string_view kDefault = "kong_db_cache";

ngx_int_t InitDictionary(ngx_shm_zone_t* zone, void* previous) {
  auto* pool = reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr);
  if (previous != nullptr || zone->shm.exists) {
    zone->data = previous != nullptr ? previous : pool->data;
    return NGX_OK;
  }
  size_t bytes = 0;
  void* memory = AllocateLargest(pool, bytes);
  if (memory == nullptr) {
    pool->data = nullptr;
  } else if (DictionaryOf(*zone) == kSums) {
    pool->data = SharedSums::Create(memory, bytes);
  } else {
    pool->data = SharedDictionary::Create(memory, bytes);
  }
  zone->data = pool->data;
  if (pool->data != nullptr) return NGX_OK;
  ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0, "the shared dictionary \"%V\" is too small",
                &zone->shm.name);
  return NGX_ERROR;
}

bool AddDictionary(ngx_conf_t* cf, NodeConf& node, std::string_view name, std::string_view size) {
  ngx_str_t text = Borrow(Trim(size));
  const ssize_t bytes = ngx_parse_size(&text);
  ngx_str_t zone_name = CopyTo(cf->pool, std::string(kZonePrefix) + std::string(name));
  if (bytes == NGX_ERROR || zone_name.data == nullptr) {
    ngx_str_t shown = Borrow(name);
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "the shared dictionary \"%V\" has no valid size",
                  &shown);
    return false;
  }
  ngx_shm_zone_t* zone = ngx_shared_memory_add(cf, &zone_name, static_cast<size_t>(bytes),
                                               &ngx_http_silverback_module);
  if (zone == nullptr) return false;
  zone->init = &InitDictionary;
  auto* slot = static_cast<ngx_shm_zone_t**>(ngx_array_push(node.dictionaries));
  if (slot == nullptr) return false;
  *slot = zone;
  return true;
}

bool AddConfigured(ngx_conf_t* cf, NodeConf& node) {
  if (!AddDictionary(cf, node, kDefault, node.settings->String("mem_cache_size"))) return false;
  for (const auto& directive : node.settings->injected("nginx_http_directives")) {
    if (directive.name != "lua_shared_dict") continue;
    const std::string_view value = Trim(directive.value);
    const size_t blank = value.find_first_of(" \t");
    if (blank == value.npos || value.substr(0, blank) == kDefault) continue;
    if (!AddDictionary(cf, node, value.substr(0, blank), value.substr(blank))) return false;
  }
  return true;
}

}  // namespace

ngx_int_t AddDictionaries(ngx_conf_t* cf, NodeConf& node) {
  constexpr ngx_uint_t kExpected = 4;
  node.dictionaries = ngx_array_create(cf->pool, kExpected, sizeof(ngx_shm_zone_t*));
  if (node.dictionaries == nullptr) return NGX_ERROR;
  return Guard(cf->log, "dictionaries", ngx_int_t{NGX_ERROR},
               [&] { return ngx_int_t{AddConfigured(cf, node) ? NGX_OK : NGX_ERROR}; });
}

std::string_view DictionaryOf(const ngx_shm_zone_t& zone) {
  const std::string_view name = View(zone.shm.name);
  return name.starts_with(kZonePrefix) ? name.substr(kZonePrefix.size()) : std::string_view();
}

Dictionaries::Dictionaries(const NodeConf& node) {
  if (node.dictionaries == nullptr) return;
  auto** zones = static_cast<ngx_shm_zone_t**>(node.dictionaries->elts);
  for (ngx_uint_t i = 0; i < node.dictionaries->nelts; ++i) {
    const std::string_view name = DictionaryOf(*zones[i]);
    if (name == kSums) {
      sums_ = std::make_unique<SharedSums>(static_cast<SharedSums::Memory*>(zones[i]->data));
    } else {
      auto* memory = static_cast<SharedDictionary::Memory*>(zones[i]->data);
      by_name_.emplace(name, std::make_unique<SharedDictionary>(memory));
    }
  }
}

size_t Dictionaries::UsedBytes(std::string_view name) const {
  if (name == kSums) return sums_ ? sums_->UsedBytes() : 0;
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? 0 : found->second->UsedBytes();
}

SharedDictionary* Dictionaries::Find(std::string_view name) const {
  auto found = by_name_.find(name);
  if (found == by_name_.end() && (name == "kong" || name == kSums || name.starts_with("kong_")))
    found = by_name_.find(kDefault);
  return found == by_name_.end() ? nullptr : found->second.get();
}

}  // namespace silverback::nginx
