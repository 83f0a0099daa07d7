#include "config/default_certificates.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <memory>

#include "config/files.h"
#include "util/string_util.h"

namespace silverback::config {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;

constexpr long kLifetime = 86400L * 365 * 20;

Key NewKey(KeyKind kind) {
  EVP_PKEY* key = kind == KeyKind::kRsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
  return Key(key, EVP_PKEY_free);
}

bool AddExtension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  const bool added = extension && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool SetNames(X509* certificate) {
  constexpr const char* kNames[][2] = {
      {"C", "US"},   {"ST", "California"},    {"L", "San Francisco"},
      {"O", "Kong"}, {"OU", "IT Department"}, {"CN", "localhost"}};
  X509_NAME* name = X509_get_subject_name(certificate);
  for (const auto& [field, value] : kNames) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(value);
    if (X509_NAME_add_entry_by_txt(name, field, MBSTRING_ASC, bytes, -1, -1, 0) != 1) return false;
  }
  return X509_set_issuer_name(certificate, name) == 1;
}

bool SetSerial(X509* certificate) {
  const Number serial(BN_new(), BN_free);
  return serial && BN_rand(serial.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

Certificate NewCertificate(EVP_PKEY* key) {
  Certificate certificate(X509_new(), X509_free);
  X509* x509 = certificate.get();
  const bool made = x509 && X509_set_version(x509, X509_VERSION_3) == 1 && SetSerial(x509) &&
                    SetNames(x509) && X509_gmtime_adj(X509_getm_notBefore(x509), 0) != nullptr &&
                    X509_gmtime_adj(X509_getm_notAfter(x509), kLifetime) != nullptr &&
                    X509_set_pubkey(x509, key) == 1 &&
                    AddExtension(x509, NID_basic_constraints, "critical,CA:FALSE") &&
                    AddExtension(x509, NID_ext_key_usage, "serverAuth,clientAuth") &&
                    AddExtension(x509, NID_subject_key_identifier, "hash") &&
                    X509_sign(x509, key, EVP_sha256()) != 0;
  if (!made) certificate.reset();
  return certificate;
}

std::string Text(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return std::string(text, static_cast<size_t>(size));
}

}  // namespace

Status WriteDefaultCertificate(KeyKind kind, const std::string& certificate,
                               const std::string& key) {
  const Key pair = NewKey(kind);
  const Certificate made = pair ? NewCertificate(pair.get()) : Certificate(nullptr, X509_free);
  const Bio key_text(BIO_new(BIO_s_mem()), BIO_free), text(BIO_new(BIO_s_mem()), BIO_free);
  if (!made || !key_text || !text ||
      PEM_write_bio_PrivateKey(key_text.get(), pair.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1 ||
      PEM_write_bio_X509(text.get(), made.get()) != 1) {
    return Error(ErrorCode::kIo, "could not generate the certificate " + certificate);
  }
  if (Status written = WriteFile(key, Text(key_text.get()), 0600); !written) return written;
  return WriteFile(certificate, Text(text.get()), 0644);
}

}  // namespace silverback::config
