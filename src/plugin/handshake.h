// Handshake: a client's TLS handshake as plugins see it, after its server name is known and before
// a certificate is shown. Event loop only; views live as long as the call.
#pragma once

#include <string_view>

#include "util/result.h"

namespace silverback::plugin {

class Handshake {
 public:
  virtual ~Handshake() = default;

  virtual std::string_view ServerName() const = 0;  // "" without one
  // Whether the configuration has a certificate for the server name.
  virtual bool HasCertificate() const = 0;
  // Shows this certificate instead of the configured one.
  virtual Status Present(std::string_view chain_pem, std::string_view key_pem) = 0;
  // Asks the client for a certificate. It may send none, and whether to trust what it sends is up
  // to the caller (Exchange::ClientCertificateChain).
  virtual void RequestClientCertificate() = 0;
  // Gives the client no session to resume.
  virtual void DisableSessionReuse() = 0;
};

}  // namespace silverback::plugin
