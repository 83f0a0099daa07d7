#include "nginx/certificate_reader.h"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace silverback::nginx {
namespace {

using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO_free>>;

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
  leaf.key = schema::DecodePrivateKey(key);
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
