#include "store/postgres/migrations/rewrite.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <memory>

#include "util/json.h"
#include "util/string_util.h"

namespace silverback::store::postgres::migrations {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 2> kRenames{
    {{"whitelist", "allow"}, {"blacklist", "deny"}}};

void EmptyListsToObjects(Json& value) {
  if (value.is_array() && value.empty()) value = Json::object();
  if (!value.is_structured()) return;
  for (Json& inner : value) EmptyListsToObjects(inner);
}

bool Says(const Json& config, const char* name) {
  const auto found = config.find(name);
  return found != config.end() && !found->is_null() && !found->empty();
}

// Whether a node of 2.8 has written it.
bool HasOnlyNewNames(const Json& config) {
  bool old = false, renamed = false;
  for (const auto& [from, to] : kRenames) {
    old = old || config.contains(from);
    renamed = renamed || config.contains(to);
  }
  return renamed && !old;
}

}  // namespace

std::optional<std::string> RenameAllowAndDeny(std::string_view text) {
  Json config = Json::parse(text, nullptr, false);
  if (config.is_array() && config.empty()) return "{}";
  if (!config.is_object()) return std::nullopt;
  if (HasOnlyNewNames(config)) return std::nullopt;
  const Json before = config;
  for (const auto& [from, to] : kRenames) {
    const auto found = config.find(from);
    if (found == config.end()) continue;
    if (!Says(config, to)) config[to] = *found;
    config.erase(from);
  }
  EmptyListsToObjects(config);
  if (config == before) return std::nullopt;
  return config.dump();
}

Result<std::optional<std::string>> CertificateDigest(std::string_view id, std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> source(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr), &X509_free);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  if (!certificate || !X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size)) {
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("the CA certificate with id '{}' cannot be read", id));
  }
  return std::optional<std::string>(ToHex({reinterpret_cast<const char*>(digest.data()), size}));
}

}  // namespace silverback::store::postgres::migrations
