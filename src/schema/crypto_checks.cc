#include "schema/crypto_checks.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>

#include "util/string_util.h"

namespace silverback::schema {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

Bio Open(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// No password: an encrypted key must not make the process ask on its terminal.
int NoPassword(char*, int, int, void*) { return -1; }

Certificate ReadCertificate(BIO* bio) {
  return Certificate(PEM_read_bio_X509(bio, nullptr, NoPassword, nullptr));
}
Key ReadPrivateKey(const std::string& pem) {
  return Key(PEM_read_bio_PrivateKey(Open(pem).get(), nullptr, NoPassword, nullptr));
}

std::string LastError() {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  ERR_clear_error();
  return text;
}

}  // namespace

Json CheckCertificate(const std::string& pem) {
  const Bio bio = Open(pem);
  if (ReadCertificate(bio.get())) return nullptr;
  return "invalid certificate: x509.new: " + LastError();
}

Json CheckPrivateKey(const std::string& pem) {
  if (ReadPrivateKey(pem)) return nullptr;
  return "invalid key: pkey.new:load_key: " + LastError();
}

Json CheckPublicKey(const std::string& pem) {
  const Key key(PEM_read_bio_PUBKEY(Open(pem).get(), nullptr, NoPassword, nullptr));
  ERR_clear_error();
  return key ? Json() : Json("invalid key");
}

bool IsSamePair(const std::string& certificate, const std::string& key) {
  if (certificate.empty() || key.empty()) return true;
  const Bio bio = Open(certificate);
  const Certificate x509 = ReadCertificate(bio.get());
  const Key private_key = ReadPrivateKey(key);
  const bool differ =
      x509 && private_key && X509_check_private_key(x509.get(), private_key.get()) != 1;
  ERR_clear_error();
  return !differ;
}

int KeyTypeOf(const std::string& certificate) {
  if (certificate.empty()) return 0;
  const Bio bio = Open(certificate);
  const Certificate x509 = ReadCertificate(bio.get());
  ERR_clear_error();
  return x509 ? EVP_PKEY_base_id(X509_get0_pubkey(x509.get())) : 0;
}

std::string CaCertificateProblem(const std::string& pem) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  const size_t first = pem.find(kBegin);
  if (first != std::string::npos && pem.find(kBegin, first + 1) != std::string::npos)
    return "please submit only one certificate at a time";
  const Bio bio = Open(pem);
  const Certificate certificate = ReadCertificate(bio.get());
  ERR_clear_error();
  if (!certificate) return "";
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0)
    return "certificate expired, \"Not After\" time is in the past";
  if ((X509_get_extension_flags(certificate.get()) & EXFLAG_CA) == 0)
    return "certificate does not appear to be a CA because it is missing the \"CA\" basic "
           "constraint";
  return "";
}

std::string CertificateDigest(const std::string& pem) {
  const Bio bio = Open(pem);
  const Certificate certificate = ReadCertificate(bio.get());
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (!certificate || X509_digest(certificate.get(), EVP_sha256(), digest, &size) != 1) {
    ERR_clear_error();
    return "";
  }
  return ToHex({reinterpret_cast<char*>(digest), size});
}

}  // namespace silverback::schema
