#include "runtime/upstreams.h"

#include <algorithm>

namespace silverback::runtime {
namespace {

using balancer::Balancer;
using balancer::ResolvedAddress;

// After an answer has expired its successor is on its way; it is asked for this much later.
constexpr double kRenewDelay = 0.5;
constexpr double kRetrySoonest = 1, kRetryLatest = 30;
// A name whose records may not be kept is looked up for every request; once in a while it is seen
// whether that is still so.
constexpr double kUncachedSeconds = 60;
constexpr double kTouchSeconds = 60;

// The rows that differ between two states of a table, either of which may be null. Rows that have
// not changed are the same objects.
std::vector<balancer::RowChange> Difference(const std::shared_ptr<const EntityTable>& before,
                                            const std::shared_ptr<const EntityTable>& after) {
  static const decltype(EntityTable::rows) kNone;
  const auto& old_rows = before ? before->rows : kNone;
  const auto& new_rows = after ? after->rows : kNone;
  std::vector<balancer::RowChange> changes;
  auto old_row = old_rows.begin();
  auto new_row = new_rows.begin();
  while (old_row != old_rows.end() || new_row != new_rows.end()) {
    const int order = old_row == old_rows.end()   ? 1
                      : new_row == new_rows.end() ? -1
                                                  : old_row->first.compare(new_row->first);
    if (order < 0) {
      changes.push_back({(old_row++)->second, nullptr});
    } else if (order > 0) {
      changes.push_back({nullptr, (new_row++)->second});
    } else {
      if (old_row->second != new_row->second) changes.push_back({old_row->second, new_row->second});
      ++old_row;
      ++new_row;
    }
  }
  return changes;
}

// What of an answer counts: SRV records of the best priority, or all addresses.
std::vector<ResolvedAddress> AddressesOf(const dns::Answer& answer) {
  std::vector<ResolvedAddress> addresses;
  int best = answer.records().front().priority;
  for (const dns::Record& record : answer.records()) best = std::min(best, record.priority);
  for (const dns::Record& record : answer.records()) {
    if (record.priority != best) continue;
    const bool service = record.type == dns::Type::kSrv;
    addresses.push_back(
        {record.value, service ? record.port : 0, service ? std::max(1, record.weight) : -1});
  }
  return addresses;
}

bool MayNotBeKept(const dns::Answer& answer, const dns::Settings& settings) {
  return !settings.valid_ttl && answer.records().front().ttl == 0;
}

}  // namespace

Upstreams::Upstreams(Setup setup)
    : setup_(std::move(setup)),
      set_(setup_.table, setup_.seed),
      checker_(setup_.table, setup_.prober) {}

Upstreams::~Upstreams() { *alive_ = false; }

void Upstreams::Use(const std::shared_ptr<const EntityTable>& upstreams,
                    const std::shared_ptr<const EntityTable>& targets) {
  if (upstreams == upstreams_ && targets == targets_) return;
  const auto changes =
      set_.Apply(Difference(upstreams_, upstreams), Difference(targets_, targets), Seconds());
  upstreams_ = upstreams;
  targets_ = targets;
  for (const std::string& id : changes.removed) {
    checker_.Remove(id);
    TellWaiting(id);
  }
  for (const auto& balancer : changes.updated) Watch(balancer);
}

void Upstreams::Watch(const std::shared_ptr<Balancer>& balancer) {
  checker_.Update(balancer->Checked(), setup_.now());
  for (auto& [host, port] : balancer->Names()) {
    const Name name(balancer->upstream().id, std::move(host), port);
    if (watched_.insert(name).second) Renew(name);
  }
}

std::shared_ptr<Balancer> Upstreams::Owner(const Name& name) const {
  const auto& [id, host, port] = name;
  auto balancer = set_.ById(id);
  if (!balancer) return nullptr;
  const auto names = balancer->Names();
  const bool has = std::find(names.begin(), names.end(), std::pair(host, port)) != names.end();
  return has ? std::move(balancer) : nullptr;
}

void Upstreams::Renew(const Name& name) {
  setup_.dns.Resolve(std::get<1>(name), [this, alive = std::weak_ptr(alive_),
                                         name](const Result<dns::AnswerRef>& result) {
    if (!alive.expired()) Take(name, result);
  });
}

void Upstreams::Take(const Name& name, const Result<dns::AnswerRef>& result) {
  const auto balancer = Owner(name);
  if (!balancer) {
    watched_.erase(name);
    return;
  }
  const auto& [id, host, port] = name;
  const uint32_t now = Seconds();
  double delay = kRetrySoonest;
  bool changed = false;
  if (!result) {
    // Addresses that a server once gave are good until one says that they are not.
    const bool definite = result.error().code() == ErrorCode::kNotFound;
    changed = balancer->SetFailed(host, port, result.error().message(), definite, now);
    if (definite)
      delay = std::clamp(setup_.dns.settings().not_found_ttl, kRetrySoonest, kRetryLatest);
  } else if (MayNotBeKept(**result, setup_.dns.settings())) {
    changed = balancer->SetAddresses(host, port, {{host, port, -1}}, "ttl=0, virtual SRV", now);
    delay = kUncachedSeconds;
  } else {
    const dns::Answer& answer = **result;
    changed =
        balancer->SetAddresses(host, port, AddressesOf(answer), dns::TypeName(answer.type()), now);
    delay = std::max(0.0, answer.expires_at() - setup_.dns.Now()) + kRenewDelay;
  }
  if (changed) checker_.Update(balancer->Checked(), setup_.now());
  renewals_.emplace(setup_.now() + delay, name);
  TellWaiting(id);
}

void Upstreams::RenewDue() {
  const double now = setup_.now();
  std::vector<Name> due;
  while (!renewals_.empty() && renewals_.begin()->first <= now) {
    due.push_back(std::move(renewals_.begin()->second));
    renewals_.erase(renewals_.begin());
  }
  for (const Name& name : due) {
    if (Owner(name)) {
      Renew(name);
    } else {
      watched_.erase(name);
    }
  }
}

void Upstreams::WhenResolved(const std::shared_ptr<Balancer>& balancer,
                             std::function<void()> done) {
  waiting_.emplace(balancer->upstream().id, std::move(done));
}

void Upstreams::TellWaiting(const std::string& upstream_id) {
  std::vector<std::function<void()>> told;
  const auto [begin, end] = waiting_.equal_range(upstream_id);
  for (auto it = begin; it != end; ++it) told.push_back(std::move(it->second));
  waiting_.erase(begin, end);
  for (const auto& done : told) done();
}

void Upstreams::Tick() {
  RenewDue();
  const double now = setup_.now();
  const bool leads = checker_.Tick(setup_.worker, now);
  if (now >= touch_at_) {
    touch_at_ = now + kTouchSeconds;
    set_.ForEach([&](Balancer& balancer) { balancer.Touch(Seconds()); });
  }
  const uint64_t version = setup_.table.version();
  if (version == seen_version_) return;
  seen_version_ = version;
  set_.ForEach([&](Balancer& balancer) {
    for (const std::string& news : balancer.TakeNews()) {
      if (leads) setup_.warn(news);
    }
  });
}

}  // namespace silverback::runtime
