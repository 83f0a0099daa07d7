// UpstreamChoice: where one request or session goes, try by try: to a target of an upstream when
// the host of its service is an upstream's name, or else to an address of that host. Decided by
// balancer and DNS client; here they are brought together. Lives in the request; event loop only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "balancer/balancer.h"
#include "nginx/ngx.h"
#include "util/result.h"

namespace silverback::dns {
struct Endpoint;
}

namespace silverback::nginx {

class Gateway;

enum class Choice {
  kChosen,   // address() is where to go
  kRefused,  // there is nowhere to go
  kMustWait  // ... for DNS
};

struct Refusal {
  int status = 0;
  std::string message;
};

class UpstreamChoice {
 public:
  // What consistent hashing goes by; asked for once, if at all.
  using HashOf = std::function<std::string(const balancer::Upstream&)>;
  using Done = std::function<void(Choice, const Refusal&)>;

  // For the first try. `hostname` outlives the object.
  Choice First(Gateway& gateway, std::string_view hostname, int port, const HashOf& hash,
               Refusal& refusal);
  // After kMustWait: `done` runs with kChosen or kRefused, unless `alive` has expired by then,
  // which must be no later than this object is destroyed.
  void Later(Gateway& gateway, std::weak_ptr<void> alive, Done done);
  // For the tries after the first: never waits.
  Choice Next(Gateway& gateway, Refusal& refusal);

  // The address of the current try; nullptr before the first one is chosen.
  const balancer::Address* address() const { return address_; }
  // The upstream's settings; nullptr when the host is not an upstream's name.
  const balancer::Upstream* upstream() const {
    return balancer_ ? &balancer_->upstream() : nullptr;
  }
  // What the target is called: for the Host header (without port) and TLS. IPv6 in brackets.
  std::string_view HostName(std::string& buffer) const;

  // Passive health checks: the current try failed before its response; the whole ended with an HTTP
  // status.
  void ReportFailure(bool timed_out);
  void ReportStatus(int status);

 private:
  Choice Pick(Gateway& gateway, Refusal& refusal, bool may_wait);
  Choice LookUpNow(Gateway& gateway);
  Choice Take(const dns::Endpoint& endpoint);
  void TakeAnswer(Gateway& gateway, std::weak_ptr<void> alive, const Result<dns::Endpoint>& result,
                  const Done& done);

  std::string_view hostname_;  // the caller's
  int port_ = 0;
  std::shared_ptr<balancer::Balancer> balancer_;
  balancer::Tried tried_;
  std::string hash_value_;
  const balancer::Address* address_ = nullptr;  // the peer's, or own_
  balancer::Address own_;
  int lost_names_ = 0;  // peers whose names led nowhere
};

}  // namespace silverback::nginx
