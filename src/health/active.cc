#include "health/active.h"

#include <deque>

namespace silverback::health {

struct ActiveChecker::Entry {
  CheckedUpstream upstream;
  double healthy_at = 0, unhealthy_at = 0;  // time of the last round
  std::deque<CheckedUpstream::Address> waiting;
  int running = 0;
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
  entry->waiting.clear();
  entry->upstream = std::move(upstream);
}

void ActiveChecker::Tick(uint32_t worker, double now) {
  if (upstreams_.empty() || !table_.Lead(worker, static_cast<uint32_t>(now))) return;
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
}

void ActiveChecker::Run(const std::shared_ptr<Entry>& entry, bool healthy) {
  for (const auto& address : entry->upstream.addresses) {
    if (table_.Available(address.handle) != healthy) continue;
    // An address whose last probe still waits gets no second one.
    bool queued = false;
    for (const auto& other : entry->waiting) {
      queued = queued || other.handle.key == address.handle.key;
    }
    if (!queued) entry->waiting.push_back(address);
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
  while (!entry->waiting.empty() && entry->running < entry->upstream.checks.active.concurrency) {
    const CheckedUpstream::Address address = std::move(entry->waiting.front());
    entry->waiting.pop_front();
    ++entry->running;
    const Probe probe = MakeProbe(entry->upstream, address);
    prober_.Start(probe,
                  [this, alive = alive_, entry, handle = address.handle](ProbeResult result) {
                    if (!*alive) return;
                    --entry->running;
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
