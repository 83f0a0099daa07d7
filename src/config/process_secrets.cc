#include "config/process_secrets.h"

#include <openssl/evp.h>
#include <array>
#include <memory>

#include "config/files.h"
#include "util/json.h"
#include "util/string_util.h"

namespace silverback::config {
namespace {

constexpr size_t kNonceBytes = 12, kTagBytes = 16;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Error Failed(const char* what) { return Error(ErrorCode::kInvalidInput, what); }

}  // namespace

Result<std::string> SealSecrets(const Settings& secrets, std::string_view env_file_text) {
  const std::string text =
      DumpJson(Json(std::map<std::string, std::string>(secrets.begin(), secrets.end())));
  const std::string key = Sha256(env_file_text);
  const std::string nonce = RandomBytes(kNonceBytes);
  std::string sealed(text.size(), '\0'), tag(kTagBytes, '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int size = 0;
  const bool done =
      cipher &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(std::string_view(key)),
                         Bytes(std::string_view(nonce))) == 1 &&
      EVP_EncryptUpdate(cipher.get(), Bytes(sealed), &size, Bytes(std::string_view(text)),
                        static_cast<int>(text.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), Bytes(sealed) + size, &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, tag.data()) == 1;
  if (!done) return Failed("could not encrypt the process secrets");
  return Base64Encode(nonce + tag + sealed);
}

Result<Settings> OpenSecrets(std::string_view sealed, std::string_view env_file_text) {
  const std::optional<std::string> bytes = Base64Decode(Trim(sealed));
  if (!bytes || bytes->size() < kNonceBytes + kTagBytes) return Failed("process secrets: no text");
  const std::string key = Sha256(env_file_text);
  const std::string_view all(*bytes), nonce = all.substr(0, kNonceBytes);
  std::string tag(all.substr(kNonceBytes, kTagBytes));
  const std::string_view body = all.substr(kNonceBytes + kTagBytes);
  std::string text(body.size(), '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int size = 0;
  const bool done =
      cipher &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(std::string_view(key)),
                         Bytes(nonce)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), Bytes(text), &size, Bytes(body),
                        static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), Bytes(text) + size, &size) == 1;
  const auto document = done ? ParseJson(text) : Result<Json>(Failed("not theirs"));
  if (!document || !document->is_object()) return Failed("process secrets: of another .kong_env");
  Settings secrets;
  for (const auto& [name, value] : document->items()) {
    if (value.is_string()) secrets[name] = value.get<std::string>();
  }
  return secrets;
}

Settings SecretsBeside(const std::string& env_file_path, std::string_view env_file_text) {
  const std::string path = SecretsPath(env_file_path);
  if (!FileExists(path)) return {};
  const auto sealed = ReadWholeFile(path);
  if (!sealed) return {};
  auto secrets = OpenSecrets(*sealed, env_file_text);
  return secrets ? *std::move(secrets) : Settings();
}

std::string SecretsPath(const std::string& env_file_path) {
  return env_file_path.substr(0, env_file_path.rfind('/') + 1) + ".kong_process_secrets";
}

}  // namespace silverback::config
