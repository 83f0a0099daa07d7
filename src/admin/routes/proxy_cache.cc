// The answers that proxy-cache keeps, seen and removed. They lie in dictionaries of the node; the
// nodes that share the store are told what was removed.
#include <string>

#include "admin/entity_access.h"
#include "admin/routes/routes.h"
#include "store/cluster_events.h"
#include "util/string_util.h"

namespace silverback::admin {
namespace {

struct Cache {
  std::string plugin_id, dictionary;
};

void AddCache(const Json& plugin, std::vector<Cache>& caches) {
  const Json* config = FindMember(plugin, "config");
  const Json* memory = config != nullptr ? FindMember(*config, "memory") : nullptr;
  if (StringViewMember(plugin, "name") != "proxy-cache" || memory == nullptr) return;
  caches.push_back({StringMember(plugin, "id"), StringMember(*memory, "dictionary_name")});
}

// Of one plugin or, with "", of all. Empty: no such plugin.
Result<std::vector<Cache>> CachesOf(Call& call, const std::string& plugin_id) {
  std::vector<Cache> caches;
  if (!plugin_id.empty()) {
    if (!IsUuid(plugin_id)) return caches;
    auto plugin = call.context.dao.Select("plugins", {"", plugin_id});
    if (!plugin) return plugin.error();
    if (*plugin) AddCache(**plugin, caches);
    return caches;
  }
  const auto plugins = PluginsNamed(call.context, "proxy-cache");
  if (!plugins) return plugins.error();
  for (const Json& plugin : *plugins) AddCache(plugin, caches);
  return caches;
}

// What is not held is answered by nginx' page, also for an unknown plugin.
Response GetEntry(Call& call, const std::string& plugin_id, const std::string& key) {
  const auto caches = CachesOf(call, plugin_id);
  if (!caches) return ErrorResponse(caches.error());
  for (const Cache& cache : *caches) {
    const auto entry = call.context.node.ProxyCacheGet(cache.dictionary, key);
    if (entry) return JsonResponse(200, *entry);
  }
  return HtmlPage(404);
}

void Tell(Call& call, const Cache& cache, const std::string& key) {
  const store::CachePurge purge{cache.plugin_id, key};
  // That others may not hear of it is no failure of what was done here.
  (void)call.context.dao.store().Tell({{std::string(store::kPurgeEvents), purge.ToData()}});
}

Response DeleteEntry(Call& call, const std::string& plugin_id, const std::string& key) {
  const auto caches = CachesOf(call, plugin_id);
  if (!caches) return ErrorResponse(caches.error());
  for (const Cache& cache : *caches) {
    if (!call.context.node.ProxyCacheDelete(cache.dictionary, key)) continue;
    Tell(call, cache, key);
    return NoContent();
  }
  return HtmlPage(404);
}

Response PurgeAll(Call& call) {
  const auto caches = CachesOf(call, "");
  if (!caches) return ErrorResponse(caches.error());
  for (const Cache& cache : *caches) {
    call.context.node.ProxyCachePurge(cache.dictionary);
    Tell(call, cache, "");
  }
  return NoContent();
}

}  // namespace

void AddProxyCacheEndpoints(const Context& context, EndpointTable& table) {
  if (context.catalog.Plugin("proxy-cache") == nullptr) return;
  table.At("/proxy-cache").methods["DELETE"] = PurgeAll;
  Endpoint& any = table.At("/proxy-cache/{cache_key}");
  any.methods["GET"] = [](Call& call) { return GetEntry(call, "", call.params[0]); };
  any.methods["DELETE"] = [](Call& call) { return DeleteEntry(call, "", call.params[0]); };
  Endpoint& one = table.At("/proxy-cache/{plugin_id}/caches/{cache_key}");
  one.methods["GET"] = [](Call& call) {
    return GetEntry(call, ToLower(call.params[0]), call.params[1]);
  };
  one.methods["DELETE"] = [](Call& call) {
    return DeleteEntry(call, ToLower(call.params[0]), call.params[1]);
  };
}

}  // namespace silverback::admin
