#include "nginx/gateway.h"

#include <pthread.h>
#include <sys/stat.h>

#include <csignal>

#include "admin/api.h"
#include "balancer/address.h"
#include "entity/catalog.h"
#include "lua/sandbox.h"
#include "nginx/certificates.h"
#include "nginx/cloud_variables.h"
#include "nginx/curl_client.h"
#include "nginx/datagrams.h"
#include "nginx/dictionaries.h"
#include "nginx/draining.h"
#include "nginx/guard.h"
#include "nginx/keepalive_pool.h"
#include "nginx/network.h"
#include "nginx/node.h"
#include "nginx/node_loader.h"
#include "nginx/redis_client.h"
#include "nginx/shm_zone.h"
#include "nginx/tcp_pool.h"
#include "nginx/timers.h"
#include "plugins/proxy_cache/cached_response.h"
#include "replica/replica.h"
#include "runtime/cached_entities.h"
#include "runtime/dao_writer.h"
#include "runtime/follower.h"
#include "runtime/publisher.h"
#include "runtime/store_factory.h"
#include "runtime/usage_exchange.h"
#include "store/dao.h"
#include "util/allocator.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

constexpr size_t kBackgroundThreads = 4;
constexpr size_t kAdminThreads = 2;
constexpr size_t kSlowAdminThreads = 8;
constexpr size_t kNetworkThreads = 32;
constexpr size_t kWriterThreads = 2;
constexpr size_t kPorts = 65536;
constexpr double kDefaultUpdateFrequency = 5;

std::unique_ptr<Gateway> gateway;

class CycleLogger final : public plugin::Logger {
 public:
  void Log(plugin::LogLevel level, std::string_view message) override {
    static constexpr ngx_uint_t kLevels[] = {NGX_LOG_DEBUG, NGX_LOG_INFO, NGX_LOG_NOTICE,
                                             NGX_LOG_WARN,  NGX_LOG_ERR,  NGX_LOG_CRIT};
    ngx_str_t text = Borrow(message);
    ngx_log_error(kLevels[static_cast<int>(level)], ngx_cycle->log, 0, "[kong] %V", &text);
  }
};

double CachedNow() {
  const ngx_time_t* now = ngx_timeofday();
  return static_cast<double>(now->sec) + static_cast<double>(now->msec) / 1000;
}

// Threads that are started while this lives leave signals to nginx' own.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

}  // namespace

struct Gateway::Parts {
  ngx_cycle_t* cycle;
  const config::GatewayConf* conf = nullptr;
  std::unique_ptr<EventLoop> loop;
  std::unique_ptr<ThreadPool> background, network_background, writer_threads, admin_threads,
      slow_admin_threads;
  std::unique_ptr<EventTimers> timers;
  CycleLogger logger;
  std::unique_ptr<Network> network;
  std::unique_ptr<lua::Sandbox> scripts;
  std::unique_ptr<UdpSender> datagrams;
  SslContext client_tls;
  std::unique_ptr<TcpPool> tcp;
  std::unique_ptr<RedisClient> redis;
  std::unique_ptr<SharedCounters> counters;
  std::unique_ptr<Dictionaries> dictionaries;
  std::unique_ptr<plugin::HttpClient> http;

  std::unique_ptr<entity::Catalog> catalog;
  std::unique_ptr<replica::Replica> replica;
  std::unique_ptr<store::Store> store;
  runtime::SharedState* shared = nullptr;
  std::unique_ptr<runtime::CachedEntities> entities;
  std::unique_ptr<runtime::UsageExchange> usage;
  std::unique_ptr<plugin::PluginEnv> env;
  std::unique_ptr<runtime::Worker> worker;
  std::unique_ptr<runtime::Publisher> publisher;
  std::unique_ptr<store::Dao> dao;
  std::unique_ptr<runtime::DaoWriter> writer;
  std::unique_ptr<runtime::Follower> follower;
  std::unique_ptr<RunningNode> node;
  std::unique_ptr<NodeLoader> loader;
  std::unique_ptr<admin::Api> api;

  std::unique_ptr<CertificateStore> certificates;
  std::unique_ptr<KeepalivePool> keepalive;

  std::vector<ngx_cidr_t> trusted;
  std::unordered_map<int, int> port_map;
  std::unordered_map<int, std::string> port_texts;
  std::pair<int, std::string_view> last_port_text{-1, {}};  // most are asked for again and again

  void ReadPorts();
  Status OpenStorage();
  Status MakeServices(const NodeConf& block);
  void ShareUsage();
  Status StartWorker();
  void StartPlugins();
  void UseSnapshot();  // tells everybody who keeps something made of it
  void MakeAdminApi();
  void StartFollower();
  void Heard(const store::ClusterEvent& event);
  void Purge(const store::CachePurge& purge);
  void SetTargetHealth(const store::TargetHealth& health);
  void ParseTrustedIps();
  bool TrustsIp(std::string_view ip);
};

void Gateway::Parts::ReadPorts() {
  for (const std::string& entry : conf->List("port_maps")) {
    const auto parts = Split(entry, ':');
    if (parts.size() == 2)
      port_map[std::atoi(std::string(parts[1]).c_str())] = std::atoi(std::string(parts[0]).c_str());
  }
}

void Gateway::Parts::ParseTrustedIps() {
  for (const std::string& entry : conf->List("trusted_ips")) {
    if (entry == "unix:") continue;
    ngx_str_t text = CopyTo(cycle->pool, entry);
    ngx_cidr_t cidr{};
    if (ngx_ptocidr(&text, &cidr) != NGX_ERROR) trusted.push_back(cidr);
  }
}

Status Gateway::Parts::OpenStorage() {
  auto made = runtime::OpenCatalog(*conf);
  if (!made) return made.error();
  catalog = std::move(*made);
  auto opened = replica::Replica::Open(*catalog, {.path = runtime::ReplicaPath(*conf)});
  if (!opened) return opened.error();
  replica = std::move(*opened);
  auto store_opened = runtime::OpenStore(*conf, *catalog, *replica, &shared->newest_write());
  if (!store_opened) return store_opened.error();
  store = std::move(*store_opened);
  return Ok();
}

Status Gateway::Parts::MakeServices(const NodeConf& block) {
  ZoneContent& zone = *ContentOf(block.zone);
  dictionaries = std::make_unique<Dictionaries>(block);
  counters = std::make_unique<SharedCounters>(zone.counters);
  background = std::make_unique<ThreadPool>(*loop, cycle->log, kBackgroundThreads);
  network_background = std::make_unique<ThreadPool>(*loop, cycle->log, kNetworkThreads);
  writer_threads = std::make_unique<ThreadPool>(*loop, cycle->log, kWriterThreads);
  admin_threads = std::make_unique<ThreadPool>(*loop, cycle->log, kAdminThreads);
  slow_admin_threads = std::make_unique<ThreadPool>(*loop, cycle->log, kSlowAdminThreads);
  timers = std::make_unique<EventTimers>(*loop, cycle->log);
  auto made = Network::Create(*conf, *zone.health, *loop, logger, cycle->log);
  if (!made) return made.error();
  network = *std::move(made);
  const std::string bundle = conf->String("lua_ssl_trusted_certificate_combined");
  http = MakeCurlClient(*loop, network->io(), network->dns(), cycle->log, bundle);
  client_tls = MakeClientContext(bundle);
  tcp = std::make_unique<TcpPool>(*loop, network->io(), network->dns(), client_tls.get());
  redis = std::make_unique<RedisClient>(*loop, network->io(), network->dns(), client_tls.get());
  entities = std::make_unique<runtime::CachedEntities>(*catalog, *replica, *shared, &CachedNow);
  datagrams = std::make_unique<UdpSender>(network->dns(), logger);
  scripts = std::make_unique<lua::Sandbox>(
      lua::Sandbox::Options{conf->String("untrusted_lua"),
                            conf->List("untrusted_lua_sandbox_requires"),
                            conf->List("untrusted_lua_sandbox_environment")},
      lua::PdkContext{.log = &logger,
                      .entities = entities.get(),
                      .now = &CachedNow,
                      .node_id = runtime::NodeId(*conf),
                      .trusts = [this](std::string_view ip) { return TrustsIp(ip); },
                      .configuration = [this] { return conf->Shown(); }});
  env.reset(new plugin::PluginEnv{*entities, *counters, *http, *timers, *background, logger,
                                  &CachedNow, [] { return NewUuid(); }, conf->database() == "off",
                                  runtime::NodeId(*conf), scripts.get(), datagrams.get()});
  env->network_background = network_background.get();
  env->dictionary = [this](std::string_view name) { return dictionaries->Find(name); };
  env->tcp = tcp.get();
  env->redis = redis.get();
  env->metrics = dictionaries->sums();
  env->cloud_variables = CloudVariables();
  if (conf->String("role") != "traditional")
    env->propagation_seconds = 2 * conf->Number("db_update_frequency", kDefaultUpdateFrequency);
  ShareUsage();
  certificates = std::make_unique<CertificateStore>(bundle, *background);
  KeepalivePool::Limits limits;
  limits.size = static_cast<size_t>(conf->Number("upstream_keepalive_pool_size", 60));
  limits.requests = static_cast<ngx_uint_t>(conf->Number("upstream_keepalive_max_requests", 100));
  limits.idle_ms =
      static_cast<ngx_msec_t>(conf->Number("upstream_keepalive_idle_timeout", 60) * 1000);
  keepalive = std::make_unique<KeepalivePool>(limits);
  return Ok();
}

// Only PostgreSQL has other nodes.
void Gateway::Parts::ShareUsage() {
  if (conf->database() != "postgres") return;
  usage = std::make_unique<runtime::UsageExchange>(runtime::UsageExchange::Setup{
      *store, *timers, logger, &NowWithMillis,
      [this](std::function<void()> work) { loop->Post(std::move(work)); }});
  env->shared_usage = usage.get();
  SignalsBlocked blocked;
  usage->Start();
}

void Gateway::Parts::StartPlugins() {
  for (const runtime::PluginPlan::Item& item : worker->snapshot()->plugins->global().items) {
    const runtime::PluginSlot* slot = item.without_consumer;
    if (slot == nullptr || !slot->plugin || std::exchange(slot->started, true)) continue;
    GuardVoid(cycle->log, "start of a plugin", [&] { slot->plugin->OnStart(); });
  }
}

void Gateway::Parts::UseSnapshot() {
  StartPlugins();
  certificates->Use(worker->snapshot());
  network->Use(worker->snapshot());
}

Status Gateway::Parts::StartWorker() {
  runtime::Worker::Setup setup{*catalog,
                               *replica,
                               *shared,
                               *env,
                               [this](std::function<void()> work) { loop->Post(std::move(work)); },
                               [this](const runtime::Snapshot&) {
                                 if (worker) UseSnapshot();
                               }};
  worker = std::make_unique<runtime::Worker>(std::move(setup));
  SignalsBlocked blocked;
  Status started = worker->Start();
  if (started) UseSnapshot();
  return started;
}

void Gateway::Parts::MakeAdminApi() {
  const auto warn = [this](std::string_view message) {
    logger.Log(plugin::LogLevel::kWarn, message);
  };
  publisher = std::make_unique<runtime::Publisher>(*catalog, *store, *replica, shared, warn);
  dao = std::make_unique<store::Dao>(*catalog, *store, publisher.get());
  writer = std::make_unique<runtime::DaoWriter>(*dao, *writer_threads);
  env->writer = writer.get();
  node = std::make_unique<RunningNode>(RunningNode::Parts{
      *conf, *catalog, *loop, *shared, network->upstreams(), network->dns(),
      [this] { return worker->snapshot(); }, runtime::NodeId(*conf), *dictionaries, *env});
  if (conf->database() == "off") {
    loader = std::make_unique<NodeLoader>(
        runtime::DeclarativeNode(*conf, *catalog, *replica, shared, warn), *dao);
  }
  api = std::make_unique<admin::Api>(*conf, *catalog, *dao, *node, loader.get());
}

// Without a database nothing but this node's own loads changes the configuration.
void Gateway::Parts::StartFollower() {
  if (conf->database() == "off") return;
  constexpr double kMilliseconds = 1000;
  const auto interval = static_cast<int64_t>(
      conf->Number("db_update_frequency", kDefaultUpdateFrequency) * kMilliseconds);
  follower = std::make_unique<runtime::Follower>(runtime::Follower::Setup{
      .catalog = *catalog,
      .store = *store,
      .replica = *replica,
      .dao = *dao,
      .shared = *shared,
      .lock_path = runtime::ReplicaPath(*conf) + "/follower.lock",
      .interval = std::chrono::milliseconds(std::max<int64_t>(interval, 1)),
      .leaving = [] { return ngx_exiting != 0 || ngx_quit != 0 || ngx_terminate != 0; },
      .log =
          [this](runtime::Follower::Severity severity, std::string_view message) {
            using Severity = runtime::Follower::Severity;
            logger.Log(severity == Severity::kDebug    ? plugin::LogLevel::kDebug
                       : severity == Severity::kNotice ? plugin::LogLevel::kNotice
                                                       : plugin::LogLevel::kWarn,
                       message);
          },
      .heard =
          [this](const store::ClusterEvent& event) {
            loop->Post([this, event] { Heard(event); });
          }});
  SignalsBlocked blocked;
  follower->Start();
}

// What another node tells that is not about rows.
void Gateway::Parts::Heard(const store::ClusterEvent& event) {
  if (event.channel == store::kPurgeEvents) {
    if (const auto purge = store::CachePurge::Parse(event.data)) Purge(*purge);
  } else if (const auto health = store::TargetHealth::Parse(event.data)) {
    SetTargetHealth(*health);
  }
}

void Gateway::Parts::Purge(const store::CachePurge& purge) {
  const auto row = entities->Find("plugins", purge.plugin_id);
  const Json* config = row ? FindMember(*row, "config") : nullptr;
  if (config == nullptr || StringViewMember(*row, "name") != "proxy-cache") return;
  const std::string dictionary = plugins::DictionaryNameOf(*config);
  if (purge.key.empty()) return node->ProxyCachePurge(dictionary);
  node->ProxyCacheDelete(dictionary, purge.key);
}

// As another node was told to.
void Gateway::Parts::SetTargetHealth(const store::TargetHealth& health) {
  const auto balancer = network->upstreams().ById(health.upstream_id);
  if (!balancer) return;
  const bool one = !health.ip.empty();
  const std::string address = one ? health.ip + ":" + std::to_string(health.port) : "";
  // With health checks off there is nothing to set.
  balancer->SetHealth(health.host, one ? 0 : health.port, address, health.healthy);
}

Gateway::Gateway() : parts_(std::make_unique<Parts>()) {}

Gateway::~Gateway() {
  // Threads first: they use everything else. Then what plugins hold, before the services that they
  // hold it in.
  parts_->follower.reset();
  parts_->usage.reset();
  parts_->admin_threads.reset();
  parts_->slow_admin_threads.reset();
  if (parts_->worker) parts_->worker->Stop();
  parts_->background.reset();
}

std::unique_ptr<Gateway> Gateway::Create(ngx_cycle_t* cycle, const NodeConf& conf) {
  std::unique_ptr<Gateway> made(new Gateway());
  Parts& p = *made->parts_;
  p.cycle = cycle;
  const auto failed = [&](const Status& status, const char* what) {
    if (status) return false;
    ngx_str_t why = Borrow(std::string_view(status.error().message()));
    ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "[silverback] %s: %V", what, &why);
    return true;
  };
  p.conf = conf.settings;
  p.ParseTrustedIps();
  p.ReadPorts();
  p.shared = ContentOf(conf.zone)->state;
  if (failed(p.OpenStorage(), "storage")) return nullptr;
  p.loop = EventLoop::Create(cycle);
  if (!p.loop) return nullptr;
  p.loop->OnShutdown([cycle] { LetClientsFinish(cycle); });
  if (failed(p.MakeServices(conf), "services")) return nullptr;
  if (failed(p.StartWorker(), "first configuration")) return nullptr;
  p.MakeAdminApi();
  p.StartFollower();
  const auto& c = *p.conf;
  made->headers_ = {c.HeaderEnabled("Via"),
                    c.HeaderEnabled("Server"),
                    c.HeaderEnabled("X-Kong-Proxy-Latency"),
                    c.HeaderEnabled("X-Kong-Upstream-Latency"),
                    c.HeaderEnabled("X-Kong-Response-Latency"),
                    c.HeaderEnabled("X-Kong-Admin-Latency"),
                    c.HeaderEnabled("X-Kong-Upstream-Status")};
  return made;
}

const config::GatewayConf& Gateway::conf() const { return *parts_->conf; }
const std::shared_ptr<const runtime::Snapshot>& Gateway::snapshot() const {
  return parts_->worker->snapshot();
}
plugin::Logger& Gateway::log() { return parts_->logger; }
plugin::PluginEnv& Gateway::env() { return *parts_->env; }
EventLoop& Gateway::loop() { return *parts_->loop; }
CertificateStore& Gateway::certificates() { return *parts_->certificates; }
KeepalivePool& Gateway::keepalive() { return *parts_->keepalive; }
dns::Client& Gateway::dns() { return parts_->network->dns(); }
runtime::Upstreams& Gateway::upstreams() { return parts_->network->upstreams(); }
admin::Api& Gateway::api() { return *parts_->api; }
ThreadPool& Gateway::admin_threads() { return *parts_->admin_threads; }
ThreadPool& Gateway::slow_admin_threads() { return *parts_->slow_admin_threads; }

int Gateway::MappedPort(int port) const {
  if (parts_->port_map.empty()) return port;
  const auto found = parts_->port_map.find(port);
  return found == parts_->port_map.end() ? port : found->second;
}

std::string_view Gateway::PortText(int port) {
  auto& [last, last_text] = parts_->last_port_text;
  if (port != last) {
    std::string& text = parts_->port_texts[port];
    if (text.empty()) text = std::to_string(port);
    last = port;
    last_text = text;
  }
  return last_text;
}

bool Gateway::trusts_anyone() const { return !parts_->trusted.empty(); }

bool Gateway::Trusts(std::string_view ip) const { return parts_->TrustsIp(ip); }

bool Gateway::Parts::TrustsIp(std::string_view ip) {
  const auto address = balancer::MakeAddress(ip, 0);
  if (!address) return false;
  // nginx' list type is a view of ours.
  ngx_array_t list{};
  list.elts = trusted.data();
  list.nelts = trusted.size();
  list.size = sizeof(ngx_cidr_t);
  auto* socket = const_cast<sockaddr*>(&address->socket.generic);
  return ngx_cidr_match(socket, &list) == NGX_OK;
}

Gateway& ThisGateway() { return *gateway; }

ngx_int_t StartGateway(ngx_cycle_t* cycle, const NodeConf& conf) {
  if (gateway || conf.zone == nullptr) return NGX_OK;
  TuneAllocator();
  gateway = Guard(cycle->log, "start", std::unique_ptr<Gateway>(),
                  [&] { return Gateway::Create(cycle, conf); });
  return gateway ? NGX_OK : NGX_ERROR;
}

void StopGateway() {
  if (gateway) GuardVoid(ngx_cycle->log, "stop", [] { gateway.reset(); });
}

}  // namespace silverback::nginx
