#include "nginx/network.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "dns/client.h"
#include "nginx/prober.h"
#include "runtime/snapshot.h"
#include "runtime/upstreams.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

constexpr double kTickSeconds = 0.1, kIdleTickSeconds = 1;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Set by Network::ReadEnvironment.
std::string local_domain, resolver_options;

dns::Settings ReadDnsSettings(const config::GatewayConf& conf) {
  dns::Settings settings;
  settings.nameservers = conf.List("dns_resolver");
  dns::ResolvConf file = dns::ResolvConf::Parse(ReadFile("/etc/resolv.conf"));
  file.ApplyEnvironment(local_domain, resolver_options);
  settings.Use(file);
  settings.hosts = dns::ParseHosts(ReadFile(conf.String("dns_hostsfile")));
  settings.SetOrder(conf.List("dns_order"));
  if (const Json* ttl = FindMember(conf.values(), "dns_valid_ttl"); ttl && ttl->is_number())
    settings.valid_ttl = ttl->get<double>();
  settings.stale_ttl = conf.Number("dns_stale_ttl", settings.stale_ttl);
  settings.not_found_ttl = conf.Number("dns_not_found_ttl", settings.not_found_ttl);
  settings.error_ttl = conf.Number("dns_error_ttl", settings.error_ttl);
  settings.cache_size = static_cast<size_t>(conf.Number("dns_cache_size", 10000));
  settings.no_sync = conf.Bool("dns_no_sync");
  return settings;
}

uint64_t Seed() {
  uint64_t seed = 0;
  const std::string bytes = RandomBytes(sizeof(seed));
  std::memcpy(&seed, bytes.data(), sizeof(seed));
  return seed;
}

}  // namespace

struct Network::Parts {
  Parts(const config::GatewayConf& its_conf, ngx_log_t* nginx_log)
      : conf(its_conf), io(nginx_log) {}
  using Pair = std::pair<std::string, std::string>;
  std::optional<Pair> Certificate(const std::string& id) const;

  const config::GatewayConf& conf;
  IoLoop io;
  std::shared_ptr<const runtime::Snapshot> snapshot;
  std::unique_ptr<dns::Transport> transport;
  std::unique_ptr<dns::Client> dns;
  std::unique_ptr<CurlProber> prober;
  std::unique_ptr<runtime::Upstreams> upstreams;
  std::optional<Pair> default_certificate;
  std::shared_ptr<void> tick;
};

std::optional<Network::Parts::Pair> Network::Parts::Certificate(const std::string& id) const {
  if (id.empty() || !snapshot || !snapshot->certificates) return default_certificate;
  const runtime::CertificateEntry* entry = snapshot->certificates->ById(id);
  if (entry == nullptr) return std::nullopt;
  return Pair(StringMember(*entry->row, "cert"), StringMember(*entry->row, "key"));
}

Network::Network(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Network::~Network() = default;

Result<std::unique_ptr<Network>> Network::Create(const config::GatewayConf& conf,
                                                 health::Table& table, EventLoop& loop,
                                                 plugin::Logger& log, ngx_log_t* nginx_log) {
  std::unique_ptr<Network> network(new Network(std::make_unique<Parts>(conf, nginx_log)));
  Parts& p = *network->parts_;
  dns::Settings settings = ReadDnsSettings(conf);
  auto transport = dns::MakeAresTransport(settings, p.io);
  if (!transport) return transport.error();
  p.transport = *std::move(transport);
  p.dns = std::make_unique<dns::Client>(std::move(settings), p.io, *p.transport, Seed());
  if (conf.Bool("client_ssl")) {
    p.default_certificate = Parts::Pair(ReadFile(conf.String("client_ssl_cert")),
                                        ReadFile(conf.String("client_ssl_cert_key")));
  }
  auto multi = CurlMulti::Create(p.io, nginx_log);
  if (!multi) return Error(ErrorCode::kInternal, "libcurl cannot be used");
  p.prober = std::make_unique<CurlProber>(
      std::move(multi),
      CurlProber::Setup{*p.dns, conf.String("lua_ssl_trusted_certificate_combined"),
                        [&p](const std::string& id) { return p.Certificate(id); }});
  p.upstreams = std::make_unique<runtime::Upstreams>(runtime::Upstreams::Setup{
      table, *p.dns, *p.prober, [&p] { return p.io.Now(); }, static_cast<uint32_t>(ngx_pid), Seed(),
      [&log](std::string_view message) { log.Log(plugin::LogLevel::kWarn, message); }});
  loop.OnShutdown([&p, &table] {
    // Another worker takes the probes over at once.
    p.tick.reset();
    table.Resign(static_cast<uint32_t>(ngx_pid));
  });
  network->Tick();
  return network;
}

void Network::ReadEnvironment() {
  const char* domain = std::getenv("LOCALDOMAIN");
  const char* options = std::getenv("RES_OPTIONS");
  local_domain = domain != nullptr ? domain : "";
  resolver_options = options != nullptr ? options : "";
}

IoLoop& Network::io() { return parts_->io; }
dns::Client& Network::dns() { return *parts_->dns; }
runtime::Upstreams& Network::upstreams() { return *parts_->upstreams; }

void Network::Use(std::shared_ptr<const runtime::Snapshot> snapshot) {
  parts_->snapshot = std::move(snapshot);
  parts_->upstreams->Use(parts_->snapshot->upstreams, parts_->snapshot->targets);
}

void Network::Tick() {
  parts_->upstreams->Tick();
  const double pause = parts_->upstreams->empty() ? kIdleTickSeconds : kTickSeconds;
  parts_->tick = parts_->io.After(pause, [this] { Tick(); });
}

}  // namespace silverback::nginx
