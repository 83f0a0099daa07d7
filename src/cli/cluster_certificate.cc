#include "cli/cluster_certificate.h"

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace silverback::cli {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<&EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<&X509_free>>;
using Memory = std::unique_ptr<BIO, Deleter<&BIO_free>>;
using Number = std::unique_ptr<BIGNUM, Deleter<&BN_free>>;

constexpr int kSerialBits = 127;

bool SetSerial(X509* certificate) {
  const Number serial(BN_new());
  return serial && BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate));
}

Certificate SelfSigned(EVP_PKEY* key, int64_t seconds) {
  Certificate certificate(X509_new());
  X509* made = certificate.get();
  if (!made) return nullptr;
  X509_NAME* name = X509_get_subject_name(made);
  const auto* common_name = reinterpret_cast<const unsigned char*>("kong_clustering");
  const bool done = X509_set_version(made, X509_VERSION_3) && SetSerial(made) &&
                    X509_gmtime_adj(X509_getm_notBefore(made), 0) &&
                    X509_time_adj_ex(X509_getm_notAfter(made), static_cast<int>(seconds / 86400),
                                     static_cast<long>(seconds % 86400), nullptr) &&
                    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) &&
                    X509_set_issuer_name(made, name) && X509_set_pubkey(made, key) &&
                    X509_sign(made, key, EVP_sha256());
  return done ? std::move(certificate) : nullptr;
}

std::string TextOf(BIO* memory) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory, &text);
  return {text, static_cast<size_t>(size)};
}

Status WriteNew(const std::string& path, const std::string& text, mode_t mode) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  bool done = file >= 0 && fchmod(file, mode) == 0 &&
              write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int reason = errno;
  if (file >= 0) done = close(file) == 0 && done;
  if (done) return Ok();
  if (file >= 0) unlink(path.c_str());
  return Error(ErrorCode::kIo, path + ": " + strerror(reason));
}

}  // namespace

Status WriteClusterCertificate(const std::string& certificate_path, const std::string& key_path,
                               int64_t seconds) {
  const Key key(EVP_EC_gen("P-384"));
  const Certificate certificate = key ? SelfSigned(key.get(), seconds) : nullptr;
  const Memory key_text(BIO_new(BIO_s_mem())), certificate_text(BIO_new(BIO_s_mem()));
  if (!certificate || !key_text || !certificate_text ||
      !PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) ||
      !PEM_write_bio_X509(certificate_text.get(), certificate.get())) {
    return Error(ErrorCode::kInternal, "cannot make a certificate");
  }
  if (Status done = WriteNew(certificate_path, TextOf(certificate_text.get()), 0644); !done) {
    return done;
  }
  Status done = WriteNew(key_path, TextOf(key_text.get()), 0600);
  if (!done) unlink(certificate_path.c_str());
  return done;
}

}  // namespace silverback::cli
