// Private keys as OpenSSL objects, made from PEM texts. Any thread.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string_view>

namespace silverback::schema {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeKey>;

// Null when the text is not an unencrypted private key; OpenSSL's error queue is left empty.
PrivateKey DecodePrivateKey(std::string_view pem);

}  // namespace silverback::schema
