// Balancer: chooses the address for each try of a request to an upstream. One per upstream and
// worker; event loop only. It does no I/O: names are resolved by the caller (Names, SetAddresses),
// and what the workers share (health) lies in a health::Table.
//
//   Tried tried;                                  // one per request
//   auto peer = balancer.Pick({hash}, tried);     // for each try
//   if (!peer) -> 503 with its message
//   ... balancer.ReportTcpFailure(tried) or ReportTimeout(tried) when a try failed
//   balancer.ReportStatus(tried, status)          // at the end of the request
//   (destroying `tried` lets go of the connection)
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "balancer/algorithms.h"
#include "balancer/peer.h"
#include "balancer/upstream.h"
#include "health/active.h"
#include "health/table.h"
#include "util/result.h"

namespace silverback::balancer {

// What the balancer gave a request so far. It may outlive the balancer.
class Tried {
 public:
  Tried() = default;
  Tried(Tried&&) noexcept = default;
  Tried& operator=(Tried&&) = delete;
  Tried(const Tried&) = delete;
  ~Tried() { Release(); }

  const Peer* current() const { return current_.get(); }
  size_t count() const { return count_; }

 private:
  friend class Balancer;
  void Release();

  PeerRef current_;
  bool counted_ = false;         // current_ counts this request among its connections
  std::vector<PeerRef> failed_;  // not to be given again before all others were
  size_t count_ = 0;
};

struct PickRequest {
  std::string_view hash_value;  // for consistent hashing; "" when the request has nothing to hash
};

// One answer of DNS for a target's name.
struct ResolvedAddress {
  std::string ip;   // or a name that an SRV record points at
  int port = 0;     // of an SRV record; 0: the target's
  int weight = -1;  // of an SRV record; -1: the target's. 0 counts as 1.
};

class Balancer {
 public:
  // `table` outlives the balancer. `seed`: another one for each worker. `now`: seconds.
  Balancer(Upstream upstream, std::vector<Target> targets, health::Table& table, uint64_t seed,
           uint32_t now);

  // A new configuration. Addresses that stay keep their connections, health and DNS answers.
  void Update(Upstream upstream, std::vector<Target> targets, uint32_t now);

  const Upstream& upstream() const { return upstream_; }

  // The targets that are names, each once: to be resolved by the caller, again and again.
  std::vector<std::pair<std::string, int>> Names() const;
  // The answer for a name. `type`: of the records ("A", "AAAA", "SRV"), or what is wrong. No
  // addresses: the name leads nowhere, and the target counts for nothing.
  // True when that changes which addresses there are, or their weights.
  bool SetAddresses(std::string_view host, int port, const std::vector<ResolvedAddress>& addresses,
                    std::string_view type, uint32_t now);
  // The name could not be looked up. Only when that is `definite` are its addresses given up.
  bool SetFailed(std::string_view host, int port, std::string_view why, bool definite,
                 uint32_t now);

  // The peer for the next try; it is another one than before while there are others. `tried` holds
  // it until the next Pick.
  Result<const Peer*> Pick(const PickRequest& request, Tried& tried);

  // Passive checks; on the address that was picked last.
  void ReportStatus(const Tried& tried, int status);  // 504, the gateway's own, counts as timeout
  void ReportTcpFailure(const Tried& tried);
  void ReportTimeout(const Tried& tried);

  // By hand: all addresses of a target, or the one "IP:PORT". An address that the target does not
  // have changes nothing. Port 0: whatever the target's port is. Holds without checks too.
  void SetHealth(std::string_view host, int port, std::string_view address, bool healthy);

  // {"health": .., "details": {..}, "targets": {"HOST:PORT": {"health": .., "data": {..}}}};
  // without details when checks are off.
  Json Health();
  bool healthy();  // enough of the weight is available

  // Some name has had no answer yet, good or bad.
  bool Resolving() const;

  // What has become available or unavailable since the last call, as lines for the log.
  std::vector<std::string> TakeNews();

  // For the active checks.
  health::CheckedUpstream Checked() const;

  // Says that the addresses are still in use, so that the table does not forget them; to be called
  // every minute or so.
  void Touch(uint32_t now);

 private:
  struct Entry {  // a target
    Target target;
    bool is_name = false;
    std::string dns_type;  // "" while not resolved
    std::vector<ResolvedAddress> answer;
    std::vector<PeerRef> peers;
  };

  void Rebuild(uint32_t now);
  PeerRef MakePeer(const Entry& entry, const ResolvedAddress& address, uint32_t now) const;
  void Refresh();
  int Choose(const PickRequest& request, const Tried& tried);
  void Report(const Tried& tried, health::Report report);
  Json TargetData(const Entry& entry, bool with_health) const;

  Upstream upstream_;
  health::Table& table_;
  std::vector<Entry> entries_;  // by created_at
  std::vector<PeerRef> peers_;  // of all entries; the algorithms' numbers count these
  Wheel wheel_;
  Ring ring_;
  uint64_t seen_version_ = 0;
  bool fresh_ = false;  // seen_version_ holds for these peers
  bool healthy_ = false, built_ = false;
  std::vector<std::string> news_;
};

}  // namespace silverback::balancer
