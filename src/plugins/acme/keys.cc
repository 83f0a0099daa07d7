#include "plugins/acme/keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "plugins/acme/openssl.h"
#include "util/crypto.h"
#include "util/string_util.h"

namespace silverback::plugins::acme {
namespace {

using ContextPtr = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using NumberPtr = Owned<BIGNUM, BN_free>;

Result<std::string> ToPem(schema::PrivateKey key) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (!key || !out ||
      PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1)
    return OpensslError("a key could not be made");
  return TextOf(out.get());
}

// A number of the key, as JWKs have them; "" when it has none of that name.
std::string Number(const EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return "";
  const NumberPtr number(raw);
  std::string bytes(static_cast<size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  return Base64UrlEncode(bytes);
}

}  // namespace

Result<std::string> NewRsaKey(unsigned bits) {
  return ToPem(schema::PrivateKey(EVP_RSA_gen(bits)));
}
Result<std::string> NewEcKey() { return ToPem(schema::PrivateKey(EVP_EC_gen("P-256"))); }

Result<std::shared_ptr<const AccountKey>> AccountKey::Read(std::string_view pem) {
  auto made = std::make_shared<AccountKey>();
  made->key_ = schema::DecodePrivateKey(pem);
  if (!made->key_ || EVP_PKEY_get_base_id(made->key_.get()) != EVP_PKEY_RSA)
    return Error(ErrorCode::kInvalidInput, "the account's key is not an RSA key");
  const std::string e = Number(made->key_.get(), OSSL_PKEY_PARAM_RSA_E);
  const std::string n = Number(made->key_.get(), OSSL_PKEY_PARAM_RSA_N);
  made->jwk_ = {{"e", e}, {"kty", "RSA"}, {"n", n}};
  // Of the members in the order of their names, without blanks: just as a document is written.
  made->thumbprint_ = Base64UrlEncode(Sha256(DumpJson(made->jwk_)));
  return std::shared_ptr<const AccountKey>(std::move(made));
}

Result<std::string> AccountKey::Sign(std::string_view text) const {
  const ContextPtr context(EVP_MD_CTX_new());
  std::string signature(static_cast<size_t>(EVP_PKEY_get_size(key_.get())), '\0');
  size_t size = signature.size();
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1)
    return OpensslError("a request could not be signed");
  signature.resize(size);
  return signature;
}

}  // namespace silverback::plugins::acme
