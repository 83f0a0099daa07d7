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

void CheckPair(const std::string& cert, const std::string& key, const char* message, Json& errors) {
  const Bio bio = Open(cert);
  const Certificate certificate = ReadCertificate(bio.get());
  const Key private_key = ReadPrivateKey(key);
  if (certificate && private_key &&
      X509_check_private_key(certificate.get(), private_key.get()) != 1) {
    errors.push_back(message);
  }
  ERR_clear_error();
}

int KeyType(const std::string& cert) {
  const Bio bio = Open(cert);
  const Certificate certificate = ReadCertificate(bio.get());
  return certificate ? EVP_PKEY_base_id(X509_get0_pubkey(certificate.get())) : 0;
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

void CheckCertificatePairs(const Json& row, Json& entity_errors) {
  const std::string cert = StringMember(row, "cert"), key = StringMember(row, "key");
  const std::string cert_alt = StringMember(row, "cert_alt"),
                    key_alt = StringMember(row, "key_alt");
  if (!cert.empty() && !key.empty())
    CheckPair(cert, key, "certificate does not match key", entity_errors);
  if (cert_alt.empty() || key_alt.empty()) return;
  CheckPair(cert_alt, key_alt, "alternative certificate does not match key", entity_errors);
  const int type = KeyType(cert), type_alt = KeyType(cert_alt);
  if (type && type == type_alt) {
    entity_errors.push_back(
        "certificate and alternative certificate need to have different type (e.g. RSA and ECDSA), "
        "the provided certificates were both of the same type");
  }
}

void CheckCaCertificate(const Json& row, Json& entity_errors) {
  const Bio bio = Open(StringMember(row, "cert"));
  const Certificate certificate = ReadCertificate(bio.get());
  if (!certificate) {
    ERR_clear_error();
    return;
  }
  if (ReadCertificate(bio.get())) {
    entity_errors.push_back("please submit only one certificate at a time");
    return;
  }
  ERR_clear_error();
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) {
    entity_errors.push_back("certificate expired, \"Not After\" time is in the past");
  } else if (X509_check_ca(certificate.get()) != 1) {
    entity_errors.push_back(
        "certificate does not appear to be a CA because it is missing the \"CA\" basic constraint");
  }
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
