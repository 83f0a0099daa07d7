// Client: names to addresses as Kong's `dns_*` properties say, with a cache. One per worker; event
// loop only.
//
// An answer that is at hand is given at once. Shortly before it expires the next caller starts a
// new look-up in the background, so that nobody waits; for `dns_stale_ttl` after that the old
// answer is still given meanwhile. When the servers fail (no reply, "server failure", ...) the last
// answer is given for as long as they do: only a server that says that there is no such name takes
// it back. Callers that ask for the same name at the same time share one look-up (unless
// `dns_no_sync`).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dns/answer.h"
#include "dns/loop.h"
#include "dns/lru.h"
#include "dns/record.h"
#include "dns/settings.h"
#include "dns/transport.h"
#include "util/json.h"
#include "util/result.h"

namespace silverback::dns {

struct Endpoint {
  std::string ip;  // without brackets
  int port = 0;
};

class Client {
 public:
  using Done = std::function<void(const Result<AnswerRef>&)>;
  using EndpointDone = std::function<void(const Result<Endpoint>&)>;

  // The loop and the transport outlive the client. What still waits when it is destroyed never
  // hears of it.
  Client(Settings settings, Loop& loop, Transport& transport, uint64_t seed);
  ~Client();

  // `done` may run before Resolve returns. Errors have Kong's texts ("dns server error: 3 name
  // error"); kNotFound: there is no such name or nothing of the types that are looked for.
  void Resolve(std::string_view name, Done done);
  // What can be said without waiting: an answer, a known error, or nothing.
  std::optional<Result<AnswerRef>> Known(std::string_view name);

  // The address and port for one connection to `name`, which may be an address itself. SRV records
  // give the port, and lead on to the addresses of their targets.
  void ToEndpoint(std::string_view name, int port, EndpointDone done);
  // The same from what is at hand only.
  Result<Endpoint> KnownEndpoint(std::string_view name, int port);

  // [{"name":, "type":, "records": [..], "expires_in":, "state":}], the most recently used first.
  Json Dump() const;
  const Settings& settings() const { return settings_; }
  double Now() { return loop_.Now(); }

 private:
  struct Lookup;  // the way through the types and search domains of a name

  // What is known of a name.
  struct Name {
    AnswerRef answer;  // the last one, or none
    double expires_at = 0, prefetch_at = 0;
    bool failing = false;  // the last look-up failed, but not because there is no such name
    double next_try = 0;   // while it fails
    bool refreshing = false;
    std::optional<Error> error;  // without an answer
    double error_until = 0;
    std::optional<Type> last_type;
  };
  // What is known of one type of one complete name: the records that the name leads to.
  struct Query {
    Reply reply;
    double expires_at = 0;
  };
  using Replied = std::function<void(const Reply&, double expires_at)>;

  std::optional<Result<AnswerRef>> KnownNow(const std::string& name, Name& entry);
  void Refresh(const std::string& name, Name& entry);
  void Forget(const Lookup& lookup);
  void ResolveAt(const std::string& name, int depth, Done done);
  void EndpointAt(std::string_view name, int port, int depth, EndpointDone done);
  void Finish(Lookup& lookup, Type type, const std::vector<Record>& records, double expires_at);
  void Fail(Lookup& lookup, const Error& error, bool definite);
  void Ask(const std::string& name, Type type, bool refresh, Replied done);
  void Keep(const std::string& key, const Reply& reply, double expires_at);
  double Lifetime(const Reply& reply) const;
  std::vector<Record> FromHosts(std::string_view name, Type type) const;
  std::vector<std::pair<std::string, Type>> Candidates(const std::string& name);

  const Settings settings_;
  Loop& loop_;
  Transport& transport_;
  std::mt19937_64 random_;
  Lru<Name> names_;
  Lru<Query> queries_;
  std::unordered_map<std::string, std::shared_ptr<Lookup>> running_;
  std::unordered_map<std::string, std::vector<Replied>> asked_;  // by type and name
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace silverback::dns
