// Active checks: which addresses are to be probed when, and what the answers mean. The probes
// themselves are done by whoever implements Prober (on the event loop, in nginx; at once, in
// tests). One object per worker; event loop only. Only the worker that leads (Table::Lead) probes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "health/table.h"

namespace silverback::health {

// What to do for one probe: connect to ip:port; for tcp that is all; else GET `path` with `Host:
// host` over HTTP/1.0, with TLS for https and grpcs.
struct Probe {
  std::string ip;
  int port = 0;
  std::string host;
  std::string type;  // as ActiveChecks::type
  std::string path;
  std::string sni;
  bool verify_certificate = true;
  std::string client_certificate;  // id or ""
  double timeout = 1;              // seconds, for each step
};

struct ProbeResult {
  enum class Kind { kConnected, kStatus, kTcpFailure, kTimeout } kind = Kind::kConnected;
  int status = 0;  // of kStatus; 0 when the answer was no HTTP
};

class Prober {
 public:
  virtual ~Prober() = default;
  // `done` may run before Start returns, and runs once.
  virtual void Start(const Probe& probe, std::function<void(ProbeResult)> done) = 0;
};

// The addresses of an upstream that is to be checked.
struct CheckedUpstream {
  std::string id;
  Checks checks;
  std::string host_header, client_certificate;
  struct Address {
    std::string ip, host;
    int port = 0;
    Table::Handle handle;
  };
  std::vector<Address> addresses;
};

class ActiveChecker {
 public:
  // Both outlive the checker.
  ActiveChecker(Table& table, Prober& prober) : table_(table), prober_(prober) {}
  ~ActiveChecker();

  // Replaces what is known of an upstream; its rhythm goes on. Without intervals it is forgotten.
  void Update(CheckedUpstream upstream, double now);
  void Remove(const std::string& upstream_id) { upstreams_.erase(upstream_id); }

  // Starts what is due; to be called every 100 ms or so. `worker`: process id. True when this
  // worker leads.
  bool Tick(uint32_t worker, double now);

 private:
  struct Entry;
  void Run(const std::shared_ptr<Entry>& entry, bool healthy);
  void StartNext(const std::shared_ptr<Entry>& entry);
  Probe MakeProbe(const CheckedUpstream& upstream, const CheckedUpstream::Address& address) const;

  Table& table_;
  Prober& prober_;
  std::map<std::string, std::shared_ptr<Entry>> upstreams_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace silverback::health
