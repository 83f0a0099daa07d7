// JSON Web Tokens (RFC 7519) with the algorithms that Kong 2.8 knows: HS256-512, RS256-512, ES256
// and ES384. Any thread.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

#include "util/json.h"
#include "util/result.h"

namespace silverback::plugins {

struct Token {
  Json header, claims;
  std::string algorithm;
  std::string_view signed_text;  // into the token's text
  std::string signature;
};

// The error says what is wrong: "invalid JSON", "invalid alg", ...
Result<Token> ParseToken(std::string_view text);

struct FreePublicKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using PublicKey = std::unique_ptr<EVP_PKEY, FreePublicKey>;
PublicKey DecodePublicKey(std::string_view pem);  // null: it is none

bool VerifyByKey(const Token& token, EVP_PKEY* key);
bool VerifyBySecret(const Token& token, std::string_view secret);
inline bool HasSecret(std::string_view algorithm) { return algorithm.starts_with("HS"); }

}  // namespace silverback::plugins
