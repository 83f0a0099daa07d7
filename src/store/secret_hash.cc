#include "store/secret_hash.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "util/string_util.h"

namespace silverback::store {
namespace {

constexpr int kIterations = 10000;
constexpr size_t kHashBytes = 32;
constexpr size_t kSaltBytes = 16;

std::string Unpadded(std::string_view bytes) {
  std::string text = Base64Encode(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

}  // namespace

Result<std::string> HashSecret(std::string_view secret) {
  const std::string salt = RandomBytes(kSaltBytes);
  std::string hash(kHashBytes, '\0');
  const int done = PKCS5_PBKDF2_HMAC(secret.data(), static_cast<int>(secret.size()),
                                     reinterpret_cast<const unsigned char*>(salt.data()),
                                     static_cast<int>(salt.size()), kIterations, EVP_sha512(),
                                     static_cast<int>(hash.size()),
                                     reinterpret_cast<unsigned char*>(hash.data()));
  if (done != 1) return Error(ErrorCode::kInternal, "cannot hash a secret");
  return fmt::format("$pbkdf2-sha512$i={},l={}${}${}", kIterations, kHashBytes, Unpadded(salt),
                     Unpadded(hash));
}

}  // namespace silverback::store
