#include "balancer/balancer.h"

#include <algorithm>

namespace silverback::balancer {
namespace {

using health::Table;

constexpr char kNoPeer[] = "failure to get a peer from the ring-balancer";

std::string Bare(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

// "A", "AAAA" or "" for a name.
const char* AddressType(const std::string& host) {
  const auto address = MakeAddress(host, 0);
  if (!address) return "";
  return address->socket.generic.sa_family == AF_INET ? "A" : "AAAA";
}

}  // namespace

void Tried::Release() {
  if (current_ && counted_) --current_->connections;
  counted_ = false;
}

Balancer::Balancer(Upstream upstream, std::vector<Target> targets, Table& table, uint64_t seed,
                   uint32_t now)
    : table_(table), wheel_(seed) {
  Update(std::move(upstream), std::move(targets), now);
}

void Balancer::Update(Upstream upstream, std::vector<Target> targets, uint32_t now) {
  upstream_ = std::move(upstream);
  std::stable_sort(targets.begin(), targets.end(), [](const Target& a, const Target& b) {
    return a.created_at != b.created_at ? a.created_at < b.created_at : a.id < b.id;
  });
  std::vector<Entry> entries;
  for (Target& target : targets) {
    Entry entry;
    const std::string bare = Bare(target.host);
    entry.dns_type = AddressType(bare);
    entry.is_name = entry.dns_type.empty();
    if (!entry.is_name) entry.answer.push_back({bare, 0, -1});
    for (const Entry& old : entries_) {
      if (old.target.host != target.host || old.target.port != target.port) continue;
      entry.dns_type = old.dns_type;
      entry.answer = old.answer;
      entry.peers = old.peers;
      break;
    }
    entry.target = std::move(target);
    entries.push_back(std::move(entry));
  }
  entries_ = std::move(entries);
  Rebuild(now);
}

PeerRef Balancer::MakePeer(const Entry& entry, const ResolvedAddress& address, uint32_t now) const {
  const int port = address.port > 0 ? address.port : entry.target.port;
  PeerRef peer;
  for (const PeerRef& old : entry.peers) {
    if (old->ip == address.ip && old->port == port) peer = old;
  }
  if (!peer) {
    peer = std::make_shared<Peer>();
    peer->host = entry.target.host;
    peer->bare_host = Bare(peer->host);
    peer->ip = address.ip;
    peer->port = port;
    if (auto made = MakeAddress(address.ip, port)) peer->address = *std::move(made);
  }
  peer->weight = entry.target.weight;
  if (address.weight >= 0 && entry.target.weight > 0) peer->weight = std::max(1, address.weight);
  // What gets no requests is not watched either.
  peer->handle = {};
  if (peer->weight > 0) {
    // What is set by hand while checks are off has a place of its own: what checks have found does
    // not outlive them.
    const std::string place = upstream_.checks.enabled() ? upstream_.name : upstream_.name + "\n";
    peer->handle = table_.Claim(Table::Key(place, peer->host, peer->ip, port), now);
  }
  return peer;
}

void Balancer::Rebuild(uint32_t now) {
  peers_.clear();
  for (Entry& entry : entries_) {
    std::vector<PeerRef> peers;
    for (const ResolvedAddress& address : entry.answer) {
      PeerRef peer = MakePeer(entry, address, now);
      if (std::find(peers.begin(), peers.end(), peer) == peers.end()) peers.push_back(peer);
    }
    entry.peers = std::move(peers);
    peers_.insert(peers_.end(), entry.peers.begin(), entry.peers.end());
  }
  if (upstream_.algorithm == Algorithm::kRoundRobin) wheel_.Build(peers_);
  if (upstream_.algorithm == Algorithm::kConsistentHashing) {
    ring_.Build(peers_, entries_.size(), upstream_.slots);
  }
  fresh_ = false;
  if (built_) return;
  // How things stand at first is no news.
  Refresh();
  news_.clear();
  built_ = true;
}

std::vector<std::pair<std::string, int>> Balancer::Names() const {
  std::vector<std::pair<std::string, int>> names;
  for (const Entry& entry : entries_) {
    std::pair<std::string, int> name(entry.target.host, entry.target.port);
    const bool known = std::find(names.begin(), names.end(), name) != names.end();
    if (entry.is_name && !known) names.push_back(std::move(name));
  }
  return names;
}

bool Balancer::Resolving() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const Entry& entry) { return entry.is_name && entry.dns_type.empty(); });
}

void Balancer::Touch(uint32_t now) {
  for (const PeerRef& peer : peers_) {
    if (peer->handle.key != 0) peer->handle = table_.Claim(peer->handle.key, now);
  }
}

bool Balancer::SetAddresses(std::string_view host, int port,
                            const std::vector<ResolvedAddress>& addresses, std::string_view type,
                            uint32_t now) {
  bool changed = false;
  for (Entry& entry : entries_) {
    if (!entry.is_name || entry.target.host != host || (port != 0 && entry.target.port != port))
      continue;
    const auto same = [](const ResolvedAddress& a, const ResolvedAddress& b) {
      return a.ip == b.ip && a.port == b.port && a.weight == b.weight;
    };
    std::vector<ResolvedAddress> sorted = addresses;
    // Servers turn their answers round; that is no change.
    std::sort(sorted.begin(), sorted.end(), [](const ResolvedAddress& a, const ResolvedAddress& b) {
      return a.ip != b.ip ? a.ip < b.ip : a.port < b.port;
    });
    entry.dns_type = type;
    if (std::equal(sorted.begin(), sorted.end(), entry.answer.begin(), entry.answer.end(), same)) {
      continue;
    }
    entry.answer = std::move(sorted);
    changed = true;
  }
  if (changed) Rebuild(now);
  return changed;
}

bool Balancer::SetFailed(std::string_view host, int port, std::string_view why, bool definite,
                         uint32_t now) {
  if (definite) return SetAddresses(host, port, {}, why, now);
  for (Entry& entry : entries_) {
    if (entry.is_name && entry.target.host == host && entry.target.port == port &&
        entry.answer.empty()) {
      entry.dns_type = why;
    }
  }
  return false;
}

// Takes over what has changed in the shared table.
void Balancer::Refresh() {
  const uint64_t version = table_.version();
  if (fresh_ && version == seen_version_) return;
  seen_version_ = version;
  fresh_ = true;
  double total = 0, available = 0;
  for (const PeerRef& peer : peers_) {
    const bool now_available = table_.Available(peer->handle);
    if (now_available != peer->available) {
      news_.push_back(fmt::format("[healthchecks] upstream {}: target {} ({}:{}) is {}",
                                  upstream_.name, peer->host, peer->ip, peer->port,
                                  now_available ? "healthy" : "unhealthy"));
    }
    peer->available = now_available;
    total += peer->weight;
    if (peer->available) available += peer->weight;
  }
  const bool was_healthy = healthy_;
  healthy_ = total > 0 && available / total * 100 > upstream_.checks.threshold;
  if (healthy_ != was_healthy && upstream_.checks.enabled()) {
    news_.push_back(fmt::format("[healthchecks] balancer {} reported health status changed to {}",
                                upstream_.name, healthy_ ? "HEALTHY" : "UNHEALTHY"));
  }
}

std::vector<std::string> Balancer::TakeNews() {
  Refresh();
  return std::exchange(news_, {});
}

bool Balancer::healthy() {
  Refresh();
  return healthy_;
}

int Balancer::Choose(const PickRequest& request, const Tried& tried) {
  const auto accepts = [&](int i) {
    const PeerRef& peer = peers_[static_cast<size_t>(i)];
    return peer->available &&
           std::find(tried.failed_.begin(), tried.failed_.end(), peer) == tried.failed_.end();
  };
  switch (upstream_.algorithm) {
    case Algorithm::kLeastConnections:
      return LeastConnected(peers_, accepts);
    case Algorithm::kConsistentHashing:
      return ring_.Find(request.hash_value, accepts);
    case Algorithm::kRoundRobin:
      break;
  }
  return wheel_.Next(accepts);
}

Result<const Peer*> Balancer::Pick(const PickRequest& request, Tried& tried) {
  tried.Release();
  if (tried.current_) tried.failed_.push_back(std::move(tried.current_));
  tried.current_ = nullptr;
  Refresh();
  if (!healthy_) return Error(ErrorCode::kUnavailable, kNoPeer);
  int chosen = Choose(request, tried);
  if (chosen == kNobody && !tried.failed_.empty()) {
    tried.failed_.clear();
    chosen = Choose(request, tried);
  }
  if (chosen == kNobody) return Error(ErrorCode::kUnavailable, kNoPeer);
  tried.current_ = peers_[static_cast<size_t>(chosen)];
  ++tried.count_;
  if (upstream_.algorithm == Algorithm::kLeastConnections) {
    ++tried.current_->connections;
    tried.counted_ = true;
  }
  return tried.current_.get();
}

void Balancer::Report(const Tried& tried, health::Report report) {
  if (tried.current_ && upstream_.checks.enabled())
    table_.Apply(tried.current_->handle, report, upstream_.checks.passive);
}

void Balancer::ReportStatus(const Tried& tried, int status) {
  if (status == 504) return ReportTimeout(tried);
  if (const auto report = health::ReportForStatus(status, upstream_.checks.passive)) {
    Report(tried, *report);
  }
}

void Balancer::ReportTcpFailure(const Tried& tried) { Report(tried, health::Report::kTcpFailure); }

void Balancer::ReportTimeout(const Tried& tried) { Report(tried, health::Report::kTimeout); }

void Balancer::SetHealth(std::string_view host, int port, std::string_view address, bool healthy) {
  for (const Entry& entry : entries_) {
    if (entry.target.host != host || entry.target.port != port) continue;
    for (const PeerRef& peer : entry.peers) {
      const std::string own = peer->ip + ":" + std::to_string(peer->port);
      const bool bracketed = address == "[" + peer->ip + "]:" + std::to_string(peer->port);
      if (address.empty() || address == own || bracketed || address == peer->ip) {
        table_.Set(peer->handle, healthy);
      }
    }
  }
}

Json Balancer::TargetData(const Entry& entry, bool with_health) const {
  Json addresses = Json::array();
  int total = 0, unavailable = 0;
  for (const PeerRef& peer : entry.peers) {
    total += peer->weight;
    if (!peer->available) unavailable += peer->weight;
    Json address = {{"ip", peer->ip}, {"port", peer->port}, {"weight", peer->weight}};
    if (with_health) {
      address["health"] = !upstream_.checks.enabled() ? "HEALTHCHECKS_OFF"
                          : peer->available           ? "HEALTHY"
                                                      : "UNHEALTHY";
    } else {
      address["healthy"] = peer->available;
    }
    addresses.push_back(std::move(address));
  }
  return {{"host", entry.target.host},
          {"port", entry.target.port},
          {"dns", entry.dns_type.empty() ? "unknown" : entry.dns_type},
          {"nodeWeight", entry.target.weight},
          {"weight",
           {{"total", total}, {"available", total - unavailable}, {"unavailable", unavailable}}},
          {"addresses", std::move(addresses)}};
}

Json Balancer::Health() {
  Refresh();
  const bool enabled = upstream_.checks.enabled();
  const auto name = [&](bool available) {
    return !enabled ? "HEALTHCHECKS_OFF" : available ? "HEALTHY" : "UNHEALTHY";
  };
  Json targets = Json::object(), hosts = Json::array();
  int total = 0, unavailable = 0;
  for (const Entry& entry : entries_) {
    bool any = false;
    for (const PeerRef& peer : entry.peers) {
      any = any || peer->available;
      total += peer->weight;
      if (!peer->available) unavailable += peer->weight;
    }
    targets[entry.target.name()] = {{"health", entry.peers.empty() ? "DNS_ERROR" : name(any)},
                                    {"data", TargetData(entry, true)}};
    hosts.push_back(TargetData(entry, false));
  }
  Json health = {{"health", name(healthy_)}, {"targets", std::move(targets)}};
  if (enabled) {
    health["details"] = {
        {"healthy", healthy_},
        {"hosts", std::move(hosts)},
        {"weight",
         {{"total", total}, {"available", total - unavailable}, {"unavailable", unavailable}}}};
  }
  return health;
}

health::CheckedUpstream Balancer::Checked() const {
  health::CheckedUpstream checked;
  checked.id = upstream_.id;
  checked.checks = upstream_.checks;
  checked.host_header = upstream_.host_header;
  checked.client_certificate = upstream_.client_certificate;
  for (const PeerRef& peer : peers_) {
    if (peer->handle.key == 0) continue;
    checked.addresses.push_back({peer->ip, peer->host, peer->port, peer->handle});
  }
  return checked;
}

}  // namespace silverback::balancer
