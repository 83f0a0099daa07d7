#include "schema/crypto_checks.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>

#include "schema/private_key.h"
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
using Key = PrivateKey;

Bio Open(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// No password: an encrypted key must not make the process ask on its terminal.
int NoPassword(char*, int, int, void*) { return -1; }

Certificate ReadCertificate(BIO* bio) {
  return Certificate(PEM_read_bio_X509(bio, nullptr, NoPassword, nullptr));
}

// The first certificate of a text, null when it has none. A row's checks look at the same text
// several times, and decoding a public key takes OpenSSL long: the last ones are kept.
X509* DecodeCertificate(const std::string& pem) {
  struct Kept {
    std::string pem;
    Certificate certificate;
  };
  static thread_local std::array<Kept, 2> kept;
  static thread_local size_t oldest = 0;
  for (const Kept& each : kept) {
    if (each.certificate && each.pem == pem) return each.certificate.get();
  }
  const Bio bio = Open(pem);
  Kept& made = kept[oldest];
  made = {pem, ReadCertificate(bio.get())};
  if (made.certificate) oldest = (oldest + 1) % kept.size();
  return made.certificate.get();
}

std::string LastError() {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  ERR_clear_error();
  return text;
}

}  // namespace

Json CheckCertificate(const std::string& pem) {
  if (DecodeCertificate(pem) != nullptr) return nullptr;
  return "invalid certificate: x509.new: " + LastError();
}

Json CheckPrivateKey(const std::string& pem) {
  if (DecodePrivateKey(pem)) return nullptr;
  // Once more, for the reason.
  if (Key(PEM_read_bio_PrivateKey(Open(pem).get(), nullptr, NoPassword, nullptr))) return nullptr;
  return "invalid key: pkey.new:load_key: " + LastError();
}

Json CheckPublicKey(const std::string& pem) {
  const Key key(PEM_read_bio_PUBKEY(Open(pem).get(), nullptr, NoPassword, nullptr));
  ERR_clear_error();
  return key ? Json() : Json("invalid key");
}

bool IsSamePair(const std::string& certificate, const std::string& key) {
  if (certificate.empty() || key.empty()) return true;
  X509* x509 = DecodeCertificate(certificate);
  const PrivateKey private_key = DecodePrivateKey(key);
  const bool differ =
      x509 != nullptr && private_key && X509_check_private_key(x509, private_key.get()) != 1;
  ERR_clear_error();
  return !differ;
}

int KeyTypeOf(const std::string& certificate) {
  if (certificate.empty()) return 0;
  X509* x509 = DecodeCertificate(certificate);
  ERR_clear_error();
  return x509 != nullptr ? EVP_PKEY_base_id(X509_get0_pubkey(x509)) : 0;
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
