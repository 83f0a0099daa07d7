// CertificateStore: the certificates of the configuration as OpenSSL objects: for clients by the
// name that they ask for, for upstreams by id. Decoded on first use and kept while the row stays
// the same. One per worker; event loop only.
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "balancer/address.h"
#include "nginx/ngx.h"
#include "nginx/upstream_target.h"
#include "runtime/snapshot.h"

namespace silverback::nginx {

class CertificateStore {
 public:
  // `system_bundle`: the file of authorities that are trusted where a service names none; "" for
  // the system's own.
  explicit CertificateStore(std::string system_bundle);
  ~CertificateStore();

  void Use(std::shared_ptr<const runtime::Snapshot> snapshot);

  // Gives a client's handshake the certificate of the name that it asks for; leaves the default
  // one when there is none.
  void Present(SSL* ssl);

  // Prepares a handshake with an upstream; false: the certificates that it needs cannot be used.
  bool Apply(const UpstreamTls& tls, SSL* ssl);
  // Tells the states of the certificates that `tls` names apart.
  std::string Fingerprint(const UpstreamTls& tls) const;

  // Sessions with upstreams, for abbreviated handshakes.
  void SetSession(const std::string& key, SSL* ssl);
  void SaveSession(const std::string& key, SSL* ssl);

 private:
  struct Pair;
  struct State;
  std::unique_ptr<State> state_;
};

// What makes a TLS session with an upstream fit for another connection.
std::string TlsSessionKey(const CertificateStore& certificates, const balancer::Address& address,
                          std::string_view name, const UpstreamTls& tls);

// Handshakes of `context` present the certificates of ThisGateway().
void ServeCertificates(SSL_CTX* context);
// That, for the HTTP servers that have `silverback_certificate`.
ngx_int_t AddCertificateCallbacks(ngx_conf_t* cf);

}  // namespace silverback::nginx
