#include "plugins/acme/certificates.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "plugins/acme/openssl.h"
#include "schema/private_key.h"

namespace silverback::plugins::acme {
namespace {

using RequestPtr = Owned<X509_REQ, X509_REQ_free>;
using CertificatePtr = Owned<X509, X509_free>;

void FreeExtensions(STACK_OF(X509_EXTENSION) * list) {
  sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}

bool AddName(X509_REQ* request, const std::string& host) {
  // Common names are short; the alternative name counts.
  constexpr size_t kLongestCommonName = 64;
  X509_NAME* subject = X509_REQ_get_subject_name(request);
  const auto* text = reinterpret_cast<const unsigned char*>(host.c_str());
  if (host.size() <= kLongestCommonName &&
      X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0) != 1)
    return false;
  const Owned<STACK_OF(X509_EXTENSION), FreeExtensions> extensions(sk_X509_EXTENSION_new_null());
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + host).c_str());
  if (names == nullptr || !extensions) return false;
  if (sk_X509_EXTENSION_push(extensions.get(), names) <= 0) {
    X509_EXTENSION_free(names);
    return false;
  }
  return X509_REQ_add_extensions(request, extensions.get()) == 1;
}

std::string CommonName(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return "";
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
          static_cast<size_t>(ASN1_STRING_length(value))};
}

int64_t Seconds(const ASN1_TIME* time) {
  tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<int64_t>(timegm(&parts)) : 0;
}

// "0A:FF"
std::string Colons(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes)
    text += fmt::format("{}{:02X}", text.empty() ? "" : ":", static_cast<unsigned char>(byte));
  return text;
}

std::string SerialOf(const X509* certificate) {
  const Owned<BIGNUM, BN_free> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  if (!number) return "";
  std::string bytes(static_cast<size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  return Colons(bytes);
}

std::string DigestOf(const X509* certificate) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha1(), bytes, &size) != 1) return "";
  return Colons({reinterpret_cast<const char*>(bytes), size});
}

}  // namespace

std::string LocalTime(int64_t seconds) {
  const auto time = static_cast<time_t>(seconds);
  tm parts{};
  localtime_r(&time, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts)};
}

Result<std::string> SigningRequest(std::string_view key_pem, const std::string& host) {
  const auto failed = [] { return OpensslError("failed to create csr"); };
  const schema::PrivateKey key = schema::DecodePrivateKey(key_pem);
  if (!key) return Error(ErrorCode::kInvalidInput, "failed to load domain pkey");
  const RequestPtr request(X509_REQ_new());
  if (!request || !AddName(request.get(), host) ||
      X509_REQ_set_pubkey(request.get(), key.get()) != 1 ||
      X509_REQ_sign(request.get(), key.get(), EVP_sha256()) <= 0)
    return failed();
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (!out || i2d_X509_REQ_bio(out.get(), request.get()) != 1) return failed();
  return TextOf(out.get());
}

std::optional<CertificateFacts> FactsOf(std::string_view chain) {
  const BioPtr in = Reader(chain);
  const CertificatePtr read(in ? PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr) : nullptr);
  ERR_clear_error();
  if (!read) return std::nullopt;
  CertificateFacts facts;
  facts.host = CommonName(X509_get_subject_name(read.get()));
  facts.issuer = CommonName(X509_get_issuer_name(read.get()));
  facts.digest = DigestOf(read.get());
  facts.serial = SerialOf(read.get());
  if (const EVP_PKEY* key = X509_get0_pubkey(read.get())) {
    if (const char* type = OBJ_nid2sn(EVP_PKEY_get_base_id(key))) facts.key_type = type;
  }
  facts.not_before = Seconds(X509_get0_notBefore(read.get()));
  facts.not_after = Seconds(X509_get0_notAfter(read.get()));
  return facts;
}

Json DescribeCertificate(const CertificateFacts& facts, double now) {
  const bool valid =
      static_cast<double>(facts.not_before) < now && now < static_cast<double>(facts.not_after);
  return {{"digest", facts.digest},
          {"host", facts.host},
          {"issuer_cn", facts.issuer},
          {"not_before", LocalTime(facts.not_before)},
          {"not_after", LocalTime(facts.not_after)},
          {"valid", valid},
          {"serial_number", facts.serial},
          {"pubkey_type", facts.key_type}};
}

std::string RootIssuer(std::string_view chain) {
  const BioPtr in = Reader(chain);
  std::string issuer;
  while (in) {
    const CertificatePtr each(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
    if (!each) break;
    issuer = CommonName(X509_get_issuer_name(each.get()));
  }
  ERR_clear_error();
  return issuer;
}

}  // namespace silverback::plugins::acme
