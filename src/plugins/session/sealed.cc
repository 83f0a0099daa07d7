#include "plugins/session/sealed.h"

#include <openssl/evp.h>

#include <memory>

#include "util/crypto.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

constexpr size_t kNonce = 12, kTag = 16;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
int Size(std::string_view text) { return static_cast<int>(text.size()); }

}  // namespace

Sealer::Sealer(std::string_view secret)
    : key_(Hmac(HashKind::kSha256, secret, "silverback session")) {}

std::string Sealer::Seal(std::string_view text, std::string_view purpose) const {
  const std::string nonce = RandomBytes(kNonce);
  const Cipher cipher(EVP_CIPHER_CTX_new());
  std::string sealed(text.size(), '\0'), tag(kTag, '\0');
  int size = 0;
  const bool done =
      cipher &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key_), Bytes(nonce)) ==
          1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, Bytes(purpose), Size(purpose)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), Bytes(sealed), &size, Bytes(text), Size(text)) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), Bytes(sealed) + size, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, Size(tag), tag.data()) == 1;
  return done ? Base64UrlEncode(nonce + sealed + tag) : "";
}

std::optional<std::string> Sealer::Open(std::string_view sealed, std::string_view purpose) const {
  const auto bytes = Base64UrlDecode(sealed);
  if (!bytes || bytes->size() < kNonce + kTag) return std::nullopt;
  const std::string_view all = *bytes;
  const std::string_view nonce = all.substr(0, kNonce);
  const std::string_view inner = all.substr(kNonce, all.size() - kNonce - kTag);
  std::string tag(all.substr(all.size() - kTag));
  const Cipher cipher(EVP_CIPHER_CTX_new());
  std::string text(inner.size(), '\0');
  int size = 0;
  const bool good =
      cipher &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(key_), Bytes(nonce)) ==
          1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, Bytes(purpose), Size(purpose)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), Bytes(text), &size, Bytes(inner), Size(inner)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, Size(tag), tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), Bytes(text) + size, &size) == 1;
  return good ? std::optional<std::string>(std::move(text)) : std::nullopt;
}

}  // namespace silverback::plugins
