#include "config/cipher_suites.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <algorithm>
#include <array>
#include <memory>

namespace silverback::config {
namespace {

#define SILVERBACK_FORWARD_SECRET_CIPHERS                                                    \
  "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:" \
  "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"   \
  "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384"

constexpr std::array<CipherSuite, 3> kSuites = {{
    {"modern", "TLSv1.3", "", "", "off"},
    {"intermediate", "TLSv1.2 TLSv1.3", SILVERBACK_FORWARD_SECRET_CIPHERS, "ffdhe2048", "off"},
    {"old", "TLSv1 TLSv1.1 TLSv1.2 TLSv1.3",
     SILVERBACK_FORWARD_SECRET_CIPHERS
     ":DHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:"
     "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:"
     "ECDHE-RSA-AES256-SHA384:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:DHE-RSA-AES128-SHA256:"
     "DHE-RSA-AES256-SHA256:AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA256:AES256-SHA256:"
     "AES128-SHA:AES256-SHA:DES-CBC3-SHA",
     "", "on"},
}};

#undef SILVERBACK_FORWARD_SECRET_CIPHERS

using Context = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

Key DhGroup(std::string_view name) {
  std::string group(name);
  const Context context(EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr), EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  const std::array<OSSL_PARAM, 2> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
      OSSL_PARAM_construct_end()};
  if (context && EVP_PKEY_paramgen_init(context.get()) > 0 &&
      EVP_PKEY_CTX_set_params(context.get(), parameters.data()) > 0) {
    EVP_PKEY_paramgen(context.get(), &key);
  }
  return Key(key, EVP_PKEY_free);
}

}  // namespace

const CipherSuite* FindCipherSuite(std::string_view name) {
  const auto* found = std::find_if(kSuites.begin(), kSuites.end(),
                                   [&](const CipherSuite& suite) { return suite.name == name; });
  return found == kSuites.end() ? nullptr : found;
}

bool IsDhGroup(std::string_view name) {
  return !name.empty() && name.find_first_of("/.") == std::string_view::npos &&
         DhGroup(name) != nullptr;
}

std::optional<std::string> DhGroupPem(std::string_view name) {
  const Key key = DhGroup(name);
  const Bio out(BIO_new(BIO_s_mem()), BIO_free);
  if (!key || !out || PEM_write_bio_Parameters(out.get(), key.get()) != 1) return std::nullopt;
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

}  // namespace silverback::config
