// CertificateStore: the certificates of the configuration as OpenSSL objects: for clients by the
// name that they ask for, for upstreams by id. Each row is decoded once: soon after it came, on a
// thread of the worker, or when it is first asked for. One per worker; event loop only, no locks.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "balancer/address.h"
#include "nginx/ngx.h"
#include "nginx/upstream_target.h"
#include "plugin/env.h"
#include "runtime/snapshot.h"

namespace silverback::nginx {

class CertificateStore {
 public:
  // `system_bundle`: the file of authorities that are trusted where a service names none; "" for
  // the system's own. `background` outlives the store.
  CertificateStore(std::string system_bundle, plugin::Background& background);
  ~CertificateStore();

  void Use(std::shared_ptr<const runtime::Snapshot> snapshot);

  // Gives a client's handshake the certificate of the name that it asks for; leaves the default
  // one when there is none, and gives false.
  bool Present(SSL* ssl);

  // Prepares a handshake with an upstream; false: the certificates that it needs cannot be used.
  bool Apply(const UpstreamTls& tls, SSL* ssl);
  // Tells the states of the certificates that `tls` names apart.
  std::string Fingerprint(const UpstreamTls& tls) const;

  // Sessions with upstreams, for abbreviated handshakes.
  void SetSession(const std::string& key, SSL* ssl);
  void SaveSession(const std::string& key, SSL* ssl);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// What makes a TLS session with an upstream fit for another connection.
std::string TlsSessionKey(const CertificateStore& certificates, const balancer::Address& address,
                          std::string_view name, const UpstreamTls& tls);

}  // namespace silverback::nginx
