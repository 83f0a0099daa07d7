#include "plugins/jwt/token.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>

#include "util/crypto.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* thing) const {
    kFree(thing);
  }
};

struct Algorithm {
  std::string_view name;
  HashKind hash;
  const EVP_MD* (*md)();
  size_t number_size;  // of each half of an ES signature; 0 for others
};

constexpr std::array kAlgorithms = {
    Algorithm{"HS256", HashKind::kSha256, EVP_sha256, 0},
    Algorithm{"HS384", HashKind::kSha384, EVP_sha384, 0},
    Algorithm{"HS512", HashKind::kSha512, EVP_sha512, 0},
    Algorithm{"RS256", HashKind::kSha256, EVP_sha256, 0},
    Algorithm{"RS384", HashKind::kSha384, EVP_sha384, 0},
    Algorithm{"RS512", HashKind::kSha512, EVP_sha512, 0},
    Algorithm{"ES256", HashKind::kSha256, EVP_sha256, 32},
    Algorithm{"ES384", HashKind::kSha384, EVP_sha384, 48},
};

const Algorithm* Find(std::string_view name) {
  for (const Algorithm& algorithm : kAlgorithms) {
    if (algorithm.name == name) return &algorithm;
  }
  return nullptr;
}

Error Wrong(const char* what) { return {ErrorCode::kInvalidInput, what}; }

std::optional<Json> DecodePart(std::string_view text) {
  const auto bytes = Base64UrlDecode(text);
  if (!bytes) return std::nullopt;
  auto json = ParseJson(*bytes);
  return json ? std::optional<Json>(*std::move(json)) : std::nullopt;
}

// JSON Web Signatures have the two numbers side by side, OpenSSL wants them in DER.
std::string EcdsaToDer(std::string_view signature) {
  const std::unique_ptr<ECDSA_SIG, Free<ECDSA_SIG_free>> pair(ECDSA_SIG_new());
  const size_t half = signature.size() / 2;
  const auto number = [&](size_t from) {
    return BN_bin2bn(reinterpret_cast<const unsigned char*>(signature.data()) + from,
                     static_cast<int>(half), nullptr);
  };
  if (!pair || ECDSA_SIG_set0(pair.get(), number(0), number(half)) != 1) return "";
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  if (size <= 0) return "";
  std::string text(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

}  // namespace

Result<Token> ParseToken(std::string_view text) {
  const size_t first = text.find('.');
  const size_t second = first == text.npos ? text.npos : text.find('.', first + 1);
  if (second == text.npos) return Wrong("invalid JSON");
  Token token;
  auto header = DecodePart(text.substr(0, first));
  auto claims = DecodePart(text.substr(first + 1, second - first - 1));
  if (!header || !claims) return Wrong("invalid JSON");
  token.algorithm = StringMember(*header, "alg");
  if (!Find(token.algorithm)) return Wrong("invalid alg");
  if (!claims->is_structured()) return Wrong("invalid claims");
  auto signature = Base64UrlDecode(text.substr(second + 1));
  if (!signature) return Wrong("invalid signature");
  token.header = *std::move(header);
  token.claims = *std::move(claims);
  token.signed_text = text.substr(0, second);
  token.signature = *std::move(signature);
  return token;
}

PublicKey DecodePublicKey(std::string_view pem) {
  const std::unique_ptr<BIO, Free<BIO_free>> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return nullptr;
  PublicKey key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return key;
}

bool VerifyBySecret(const Token& token, std::string_view secret) {
  const Algorithm* algorithm = Find(token.algorithm);
  return algorithm && HasSecret(token.algorithm) &&
         SecretEquals(Hmac(algorithm->hash, secret, token.signed_text), token.signature);
}

bool VerifyByKey(const Token& token, EVP_PKEY* key) {
  const Algorithm* algorithm = Find(token.algorithm);
  if (!algorithm || HasSecret(token.algorithm)) return false;
  const bool elliptic = algorithm->number_size != 0;
  if (EVP_PKEY_base_id(key) != (elliptic ? EVP_PKEY_EC : EVP_PKEY_RSA)) return false;
  if (elliptic && token.signature.size() != 2 * algorithm->number_size) return false;
  const std::string signature = elliptic ? EcdsaToDer(token.signature) : token.signature;
  const std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
  };
  const bool good =
      context && EVP_DigestVerifyInit(context.get(), nullptr, algorithm->md(), nullptr, key) == 1 &&
      EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(token.signed_text),
                       token.signed_text.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace silverback::plugins
