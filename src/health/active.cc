#include "health/active.h"

#include <algorithm>
#include <deque>

namespace silverback::health {

struct ActiveChecker::Entry {
  CheckedUpstream upstream;
  double healthy_at = 0, unhealthy_at = 0;  // time of the last round
  std::deque<CheckedUpstream::Address> waiting;
  std::vector<uint64_t> running;  // keys of the addresses that are being probed
  bool Busy(uint64_t key) const {
    return std::find(running.begin(), running.end(), key) != running.end() ||
           std::any_of(waiting.begin(), waiting.end(),
                       [&](const auto& other) { return other.handle.key == key; });
  }
};

ActiveChecker::~ActiveChecker() { *alive_ = false; }

void ActiveChecker::Update(CheckedUpstream upstream, double now) {
  const ActiveChecks& active = upstream.checks.active;
  if (active.healthy_interval <= 0 && active.unhealthy_interval <= 0) return Remove(upstream.id);
  auto& entry = upstreams_[upstream.id];
  if (!entry) {
    entry = std::make_shared<Entry>();
    entry->healthy_at = entry->unhealthy_at = now;  // the first probe comes after an interval
  }
  entry->upstream = std::move(upstream);
  // Who waits for a probe keeps its turn.
  const auto gone = [&](const CheckedUpstream::Address& address) {
    return std::none_of(entry->upstream.addresses.begin(), entry->upstream.addresses.end(),
                        [&](const auto& other) { return other.handle.key == address.handle.key; });
  };
  std::erase_if(entry->waiting, gone);
}

bool ActiveChecker::Tick(uint32_t worker, double now) {
  if (!table_.Lead(worker, static_cast<uint32_t>(now))) return false;
  std::vector<std::shared_ptr<Entry>> entries;
  for (const auto& [id, entry] : upstreams_) entries.push_back(entry);
  for (const auto& entry : entries) {
    const ActiveChecks& active = entry->upstream.checks.active;
    if (active.healthy_interval > 0 && entry->healthy_at + active.healthy_interval <= now) {
      entry->healthy_at = now;
      Run(entry, true);
    }
    if (active.unhealthy_interval > 0 && entry->unhealthy_at + active.unhealthy_interval <= now) {
      entry->unhealthy_at = now;
      Run(entry, false);
    }
  }
  return true;
}

void ActiveChecker::Run(const std::shared_ptr<Entry>& entry, bool healthy) {
  for (const auto& address : entry->upstream.addresses) {
    if (table_.Available(address.handle) != healthy) continue;
    // An address whose last probe has no result yet gets no second one.
    if (!entry->Busy(address.handle.key)) entry->waiting.push_back(address);
  }
  StartNext(entry);
}

Probe ActiveChecker::MakeProbe(const CheckedUpstream& upstream,
                               const CheckedUpstream::Address& address) const {
  const ActiveChecks& active = upstream.checks.active;
  Probe probe;
  probe.ip = address.ip;
  probe.port = address.port;
  probe.host = upstream.host_header.empty() ? address.host : upstream.host_header;
  probe.type = active.type;
  probe.path = active.http_path;
  probe.sni = active.https_sni.empty() ? address.host : active.https_sni;
  probe.verify_certificate = active.verify_certificate;
  probe.client_certificate = upstream.client_certificate;
  probe.timeout = active.timeout;
  return probe;
}

void ActiveChecker::StartNext(const std::shared_ptr<Entry>& entry) {
  while (!entry->waiting.empty() &&
         static_cast<int>(entry->running.size()) < entry->upstream.checks.active.concurrency) {
    const CheckedUpstream::Address address = std::move(entry->waiting.front());
    entry->waiting.pop_front();
    entry->running.push_back(address.handle.key);
    const Probe probe = MakeProbe(entry->upstream, address);
    prober_.Start(probe,
                  [this, alive = alive_, entry, handle = address.handle](ProbeResult result) {
                    if (!*alive) return;
                    std::erase(entry->running, handle.key);
                    const Limits& limits = entry->upstream.checks.active.limits;
                    std::optional<Report> report = Report::kSuccess;
                    if (result.kind == ProbeResult::Kind::kTcpFailure) report = Report::kTcpFailure;
                    if (result.kind == ProbeResult::Kind::kTimeout) report = Report::kTimeout;
                    if (result.kind == ProbeResult::Kind::kStatus) {
                      report = ReportForStatus(result.status, limits);
                    }
                    if (report) table_.Apply(handle, *report, limits);
                    StartNext(entry);
                  });
  }
}

}  // namespace silverback::health
