#include "nginx/node.h"

#include <fstream>
#include <future>
#include <thread>

#include "nginx/shm_zone.h"
#include "plugins/proxy_cache/cached_response.h"
#include "runtime/cached_entities.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

constexpr int kResolvingPolls = 100;
constexpr std::chrono::milliseconds kResolvingPoll{20};

int64_t ResidentBytes(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  int64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<int64_t>(ngx_pagesize);
}

// The living workers of this master, by their process table.
std::vector<int> WorkerPids() {
  std::vector<int> pids;
  std::ifstream file("/proc/" + std::to_string(ngx_parent) + "/task/" + std::to_string(ngx_parent) +
                     "/children");
  for (int pid = 0; file >> pid;) {
    std::ifstream name("/proc/" + std::to_string(pid) + "/cmdline");
    std::string title;
    std::getline(name, title);
    if (title.find("worker process") != title.npos) pids.push_back(pid);
  }
  return pids;
}

// Of our own zone, whose counters take what is left and are never full.
size_t UsedBytes(const ngx_shm_zone_t& zone) {
  const auto* pool = reinterpret_cast<const ngx_slab_pool_t*>(zone.shm.addr);
  const size_t used = zone.shm.size - pool->pfree * ngx_pagesize;
  return used - static_cast<const ZoneContent*>(zone.data)->counters_bytes;
}

double Counter(const ngx_atomic_t* counter) {
  return counter != nullptr ? static_cast<double>(*counter) : 0;
}

}  // namespace

void RunningNode::OnLoop(std::function<void()> work) {
  std::promise<void> done;
  parts_.loop.Post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

Json RunningNode::Status() {
  Json server = {{"connections_accepted", Counter(ngx_stat_accepted)},
                 {"connections_active", Counter(ngx_stat_active)},
                 {"connections_handled", Counter(ngx_stat_handled)},
                 {"connections_reading", Counter(ngx_stat_reading)},
                 {"connections_waiting", Counter(ngx_stat_waiting)},
                 {"connections_writing", Counter(ngx_stat_writing)},
                 {"total_requests", Counter(ngx_stat_requests)}};
  Json workers = Json::array();
  for (const int pid : WorkerPids())
    workers.push_back({{"pid", pid}, {"http_allocated_gc", ResidentBytes(pid)}});
  return {{"server", std::move(server)},
          {"memory", {{"workers_lua_vms", std::move(workers)}, {"lua_shared_dicts", Zones()}}}};
}

Json RunningNode::Zones() const {
  Json zones = Json::object();
  const ngx_list_t& list = const_cast<ngx_cycle_t*>(ngx_cycle)->shared_memory;
  for (const ngx_list_part_t* part = &list.part; part != nullptr; part = part->next) {
    const auto* zone = static_cast<const ngx_shm_zone_t*>(part->elts);
    for (ngx_uint_t i = 0; i < part->nelts; ++i) {
      if (zone[i].shm.addr == nullptr) continue;
      const std::string_view dictionary = DictionaryOf(zone[i]);
      if (dictionary.empty() && View(zone[i].shm.name) != "silverback") continue;
      const std::string name(dictionary.empty() ? "kong" : dictionary);
      const size_t used =
          dictionary.empty() ? UsedBytes(zone[i]) : parts_.dictionaries.UsedBytes(dictionary);
      zones[name] = {{"capacity", zone[i].shm.size}, {"allocated_slabs", used}};
    }
  }
  return zones;
}

Json RunningNode::Pids() { return {{"master", ngx_parent}, {"workers", WorkerPids()}}; }

Json RunningNode::UpstreamHealth(std::string_view upstream_id) {
  Json health;
  const std::string id(upstream_id);
  // Targets that were added just now may still be on their way through DNS.
  for (int i = 0; i < kResolvingPolls; ++i) {
    bool resolving = false;
    OnLoop([&] {
      const auto balancer = parts_.upstreams.ById(id);
      if (!balancer) return;
      resolving = balancer->Resolving();
      health = balancer->Health();
    });
    if (!resolving) break;
    std::this_thread::sleep_for(kResolvingPoll);
  }
  return health;
}

void RunningNode::SetTargetHealth(std::string_view upstream_id, std::string_view target,
                                  std::string_view address, bool healthy) {
  const size_t colon = target.rfind(':');
  const int port =
      colon == target.npos ? 0 : std::atoi(std::string(target.substr(colon + 1)).c_str());
  OnLoop([&] {
    const auto balancer = parts_.upstreams.ById(upstream_id);
    if (balancer) balancer->SetHealth(target.substr(0, colon), port, address, healthy);
  });
}

Json RunningNode::Dns() {
  Json dump;
  OnLoop([&] { dump = parts_.dns.Dump(); });
  return dump;
}

Json RunningNode::ExplainRoute(const Json& request) {
  std::shared_ptr<const runtime::Snapshot> snapshot;
  OnLoop([&] { snapshot = parts_.snapshot(); });
  const std::string method = StringMember(request, "method", "GET");
  const std::string host = StringMember(request, "host");
  const std::string path = StringMember(request, "path", "/");
  const std::string scheme = StringMember(request, "scheme", "http");
  const std::string sni = StringMember(request, "sni");
  router::Request asked;
  asked.method = method;
  asked.scheme = scheme;
  asked.host = host;
  asked.path = path;
  asked.sni = sni;
  asked.https = scheme == "https";
  const Json* headers = FindMember(request, "headers");
  asked.header_values = [&](std::string_view name, std::vector<std::string_view>& values) {
    if (headers == nullptr || !headers->is_object()) return;
    for (const auto& [key, value] : headers->items()) {
      if (!EqualsIgnoreCase(ReplaceAll(key, "_", "-"), ReplaceAll(name, "_", "-"))) continue;
      for (const Json& each : value) {
        if (each.is_string()) values.push_back(each.get_ref<const std::string&>());
      }
    }
  };
  Json answer = Json::array();
  for (const router::Explanation& each : snapshot->router->Explain(asked)) {
    answer.push_back(
        {{"id", each.route->id}, {"name", each.route->name}, {"verdict", each.verdict}});
  }
  return answer;
}

std::optional<uint64_t> RunningNode::CacheMark(std::string_view entity,
                                               const store::Key& key) const {
  const int kind = parts_.catalog.KindIndex(entity);
  if (kind < 0) return std::nullopt;
  return runtime::CachedEntities::Mark(entity, key.field, key.value, parts_.shared.version(kind));
}

bool RunningNode::CacheHas(std::string_view entity, const store::Key& key) {
  const auto mark = CacheMark(entity, key);
  return mark && parts_.shared.IsMarkedCached(*mark);
}

void RunningNode::CacheDelete(std::string_view entity, const store::Key& key) {
  if (const auto mark = CacheMark(entity, key)) parts_.shared.ForgetCached(*mark);
}

void RunningNode::CacheClear() { parts_.shared.ForgetAllCached(); }

std::optional<Json> RunningNode::ProxyCacheGet(std::string_view dictionary, std::string_view key) {
  SharedDictionary* found = parts_.dictionaries.Find(dictionary);
  auto text = found != nullptr ? found->Get(key, NowWithMillis()) : std::nullopt;
  const auto entry = text ? plugins::CachedResponse::Decode(*std::move(text)) : std::nullopt;
  return entry ? std::optional<Json>(entry->Describe()) : std::nullopt;
}

bool RunningNode::ProxyCacheDelete(std::string_view dictionary, std::string_view key) {
  SharedDictionary* found = parts_.dictionaries.Find(dictionary);
  return found != nullptr && found->Remove(key, NowWithMillis());
}

void RunningNode::ProxyCachePurge(std::string_view dictionary) {
  if (SharedDictionary* found = parts_.dictionaries.Find(dictionary)) found->Clear();
}

}  // namespace silverback::nginx
