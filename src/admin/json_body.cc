#include "admin/json_body.h"

#include <cstdint>
#include <string>

#include "admin/lax_json.h"

namespace silverback::admin {
namespace {

constexpr const char* kNotJson = "Cannot parse JSON body";
// Our parser skips it, Kong's does not know it.
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
// Bytes that are not UTF-8 pass through the JSON parser as these characters (private use, plane
// 16), so that the answer can name the field they are in.
constexpr uint32_t kStandIn = 0x10FE00;

size_t SequenceLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// The length of the UTF-8 sequence at the start of `text`, or 0 when it is none (RFC 3629).
size_t ValidSequence(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const size_t length = SequenceLength(byte(0));
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (length == 3 && byte(0) == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
  if (length == 3 && byte(0) == 0xED && byte(1) > 0x9F) return 0;  // surrogate
  if (length == 4 && byte(0) == 0xF0 && byte(1) < 0x90) return 0;  // overlong
  if (length == 4 && byte(0) == 0xF4 && byte(1) > 0x8F) return 0;  // above U+10FFFF
  return length;
}

void AppendStandIn(std::string& out, unsigned char byte) {
  const uint32_t code = kStandIn + byte;
  out += static_cast<char>(0xF0 | (code >> 18));
  out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
  out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
  out += static_cast<char>(0x80 | (code & 0x3F));
}

std::string WithStandIns(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = ValidSequence(text);
    if (length == 0) {
      AppendStandIn(out, static_cast<unsigned char>(text.front()));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string WithoutStandIns(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = [&](size_t at) { return static_cast<unsigned char>(text[i + at]); };
    if (i + 3 < text.size() && byte(0) == 0xF4 && byte(1) == 0x8F && (byte(2) & 0x3C) == 0x38) {
      out += static_cast<char>(((byte(2) & 0x03) << 6) | (byte(3) & 0x3F));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

void RemoveStandIns(Json& value) {
  if (value.is_string()) {
    value = WithoutStandIns(value.get_ref<const std::string&>());
  } else if (value.is_structured()) {
    for (auto& item : value) RemoveStandIns(item);
  }
}

// A list is to Lua an object with numbers for names: no field has such a name.
Json ListAsObject(const Json& list) {
  Json object = Json::object();
  for (size_t i = 0; i < list.size(); ++i) object[std::to_string(i + 1)] = list[i];
  return object;
}

}  // namespace

size_t InvalidUtf8At(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const size_t length = ValidSequence(text.substr(at));
    if (length == 0) return at + 1;
    at += length;
  }
  return 0;
}

Result<Json> ReadJsonBody(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) return Error(ErrorCode::kInvalidInput, kNotJson);
  Result<Json> parsed = ParseJson(text);
  if (!parsed) {
    const std::string strict = AsStrictJson(text);
    parsed = ParseJson(strict);
    if (!parsed && InvalidUtf8At(strict) != 0) {
      parsed = ParseJson(WithStandIns(strict));
      if (parsed) RemoveStandIns(*parsed);
    }
  }
  if (!parsed || !parsed->is_structured()) {
    return Error(ErrorCode::kInvalidInput, kNotJson);
  }
  if (parsed->is_array()) return ListAsObject(*parsed);
  return parsed;
}

}  // namespace silverback::admin
