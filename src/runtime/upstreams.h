// Upstreams: the balancers of one worker, and what keeps them true: the configuration, DNS for
// targets that are names, and the active health checks. Event loop only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "balancer/balancer_set.h"
#include "dns/client.h"
#include "health/active.h"
#include "runtime/snapshot.h"

namespace silverback::runtime {

class Upstreams {
 public:
  struct Setup {
    health::Table& table;
    dns::Client& dns;
    health::Prober& prober;
    std::function<double()> now;  // seconds; the same clock for all workers, never going back
    uint32_t worker;              // process id
    uint64_t seed;                // another one for each worker
    std::function<void(std::string_view message)> warn;  // a line for the log
  };
  // All of them outlive the object.
  explicit Upstreams(Setup setup);
  ~Upstreams();

  // Takes a new configuration over; does nothing for tables that it has seen. Balancers keep what
  // has not changed. Tables may be null.
  void Use(const std::shared_ptr<const EntityTable>& upstreams,
           const std::shared_ptr<const EntityTable>& targets);

  bool empty() const { return set_.empty(); }
  std::shared_ptr<balancer::Balancer> ByName(std::string_view name) const {
    return set_.ByName(name);
  }
  std::shared_ptr<balancer::Balancer> ById(std::string_view id) const { return set_.ById(id); }

  // Runs `done` when a name of the balancer has been looked up, or when it is gone.
  void WhenResolved(const std::shared_ptr<balancer::Balancer>& balancer,
                    std::function<void()> done);

  // Renews DNS answers and starts probes that are due; to be called every 100 ms or so.
  void Tick();

 private:
  // A name of a target: (id of its upstream, host, port).
  using Name = std::tuple<std::string, std::string, int>;

  void Watch(const std::shared_ptr<balancer::Balancer>& balancer);
  // The balancer that has the name, if any still does.
  std::shared_ptr<balancer::Balancer> Owner(const Name& name) const;
  void Renew(const Name& name);
  void Take(const Name& name, const Result<dns::AnswerRef>& result);
  void RenewDue();
  void TellWaiting(const std::string& upstream_id);
  uint32_t Seconds() const { return static_cast<uint32_t>(setup_.now()); }

  Setup setup_;
  balancer::BalancerSet set_;
  health::ActiveChecker checker_;
  std::shared_ptr<const EntityTable> upstreams_, targets_;
  std::multimap<double, Name> renewals_;                       // by when they are due
  std::set<Name> watched_;                                     // scheduled, or being looked up
  std::multimap<std::string, std::function<void()>> waiting_;  // by upstream
  uint64_t seen_version_ = 0;  // of the table, when news were looked for
  double touch_at_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace silverback::runtime
