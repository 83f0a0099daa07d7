// Certificates and keys as OpenSSL objects, made from the PEM texts of rows. Pure; any thread.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string_view>
#include <vector>

#include "schema/private_key.h"
#include "util/json.h"

namespace silverback::nginx {

template <auto Free>
struct OpensslFree {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
inline void FreeChain(STACK_OF(X509) * chain) { sk_X509_pop_free(chain, X509_free); }

using X509Ptr = std::unique_ptr<X509, OpensslFree<X509_free>>;
using ChainPtr = std::unique_ptr<STACK_OF(X509), OpensslFree<FreeChain>>;

// A certificate with its chain and key.
struct Leaf {
  X509Ptr certificate;
  ChainPtr chain;
  schema::PrivateKey key;
  bool ok() const { return certificate && key; }
};

// A row's certificate, and the alternative one of another key type.
struct DecodedCertificate {
  Leaf main, alternative;
};

std::vector<X509Ptr> ReadCertificates(std::string_view pem);
// Not ok() when either text is empty or cannot be read.
Leaf ReadLeaf(std::string_view certificate, std::string_view key);
std::shared_ptr<const DecodedCertificate> DecodeCertificate(const Json& row);

// The connection will show `leaf`, beside those of other key types that it has. False: it cannot.
bool UseLeaf(SSL* ssl, const Leaf& leaf);

}  // namespace silverback::nginx
