// Keys of ACME: the account's, which signs requests (RFC 8555 section 6.2, RFC 7638), and those of
// certificates. Any thread; making and signing take long: not on an event loop.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "schema/private_key.h"
#include "util/json.h"
#include "util/result.h"

namespace silverback::plugins::acme {

// PEM, PKCS #8.
Result<std::string> NewRsaKey(unsigned bits);
Result<std::string> NewEcKey();  // P-256

// An RSA key: what Kong's accounts have.
class AccountKey {
 public:
  static Result<std::shared_ptr<const AccountKey>> Read(std::string_view pem);

  const Json& jwk() const { return jwk_; }
  const std::string& thumbprint() const { return thumbprint_; }
  Result<std::string> Sign(std::string_view text) const;  // RS256; raw bytes

 private:
  schema::PrivateKey key_;
  Json jwk_;
  std::string thumbprint_;
};

}  // namespace silverback::plugins::acme
