#include "store/page_token.h"

#include "store/errors.h"
#include "util/string_util.h"

namespace silverback::store {

std::string EncodePageToken(const Json& parts) { return Base64Encode(DumpJson(parts)); }

Result<Json> DecodePageToken(std::string_view token) {
  const auto text = Base64Decode(token);
  if (!text) return InvalidOffsetError(token, "bad base64 encoding");
  auto parts = ParseJson(*text);
  if (!parts || !parts->is_array() || parts->empty()) {
    return InvalidOffsetError(token, "bad json encoding");
  }
  return parts;
}

Result<std::string> DecodeKeyToken(std::string_view token) {
  if (token.empty()) return std::string();
  const auto parts = DecodePageToken(token);
  if (!parts) return parts.error();
  if (!parts->front().is_string()) return InvalidOffsetError(token, "bad json encoding");
  return parts->front().get<std::string>();
}

}  // namespace silverback::store
