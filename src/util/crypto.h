// Keyed hashes, and base64 as URLs have it. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace silverback {

enum class HashKind { kSha1, kSha256, kSha384, kSha512 };

std::string Hmac(HashKind kind, std::string_view key, std::string_view text);  // raw bytes
std::string Base64UrlEncode(std::string_view bytes);                           // without padding
// Either alphabet, with padding or without.
std::optional<std::string> Base64UrlDecode(std::string_view text);

}  // namespace silverback
