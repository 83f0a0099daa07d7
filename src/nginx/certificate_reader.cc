#include "nginx/certificate_reader.h"

#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>

namespace silverback::nginx {
namespace {

using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO_free>>;
using DecoderPtr = std::unique_ptr<OSSL_DECODER_CTX, OpensslFree<OSSL_DECODER_CTX_free>>;

// Finding the decoders for a key takes OpenSSL ten times as long as decoding it: one for each
// thread is kept.
class KeyReader {
 public:
  KeyReader()
      : decoder_(OSSL_DECODER_CTX_new_for_pkey(&key_, "PEM", nullptr, nullptr, EVP_PKEY_KEYPAIR,
                                               nullptr, nullptr)) {}
  KeyReader(const KeyReader&) = delete;
  KeyReader& operator=(const KeyReader&) = delete;

  KeyPtr Read(std::string_view pem) {
    key_ = nullptr;
    const auto* data = reinterpret_cast<const unsigned char*>(pem.data());
    size_t size = pem.size();
    if (decoder_) OSSL_DECODER_from_data(decoder_.get(), &data, &size);
    ERR_clear_error();
    return KeyPtr(key_);
  }

 private:
  EVP_PKEY* key_ = nullptr;  // where the decoder puts it
  DecoderPtr decoder_;
};

}  // namespace

std::vector<X509Ptr> ReadCertificates(std::string_view pem) {
  std::vector<X509Ptr> read;
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (X509* each = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))
    read.emplace_back(each);
  ERR_clear_error();
  return read;
}

Leaf ReadLeaf(std::string_view certificate, std::string_view key) {
  Leaf leaf;
  if (certificate.empty() || key.empty()) return leaf;
  for (X509Ptr& each : ReadCertificates(certificate)) {
    if (!leaf.certificate) {
      leaf.certificate = std::move(each);
      continue;
    }
    if (!leaf.chain) leaf.chain.reset(sk_X509_new_null());
    if (leaf.chain && sk_X509_push(leaf.chain.get(), each.get()) > 0) each.release();
  }
  static thread_local KeyReader reader;
  leaf.key = reader.Read(key);
  return leaf;
}

std::shared_ptr<const DecodedCertificate> DecodeCertificate(const Json& row) {
  auto decoded = std::make_shared<DecodedCertificate>();
  const auto text = [&](const char* name) -> std::string_view {
    const Json* value = FindMember(row, name);
    if (value == nullptr || !value->is_string()) return {};
    return value->get_ref<const std::string&>();
  };
  decoded->main = ReadLeaf(text("cert"), text("key"));
  decoded->alternative = ReadLeaf(text("cert_alt"), text("key_alt"));
  return decoded;
}

bool UseLeaf(SSL* ssl, const Leaf& leaf) {
  if (!leaf.ok()) return false;
  const int rc =
      SSL_use_cert_and_key(ssl, leaf.certificate.get(), leaf.key.get(), leaf.chain.get(), 1);
  if (rc != 1) ERR_clear_error();
  return rc == 1;
}

}  // namespace silverback::nginx
