// Small helpers on strings that the standard library lacks. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace silverback {

std::string_view Trim(std::string_view text);  // spaces, tabs, CR, LF at both ends
std::vector<std::string_view> Split(std::string_view text,
                                    char separator);  // "a,,b" gives three parts
std::string Join(const std::vector<std::string>& parts, std::string_view separator);
std::string ToLower(std::string_view text);                             // ASCII only
bool SameSizeEqualsIgnoreCase(std::string_view a, std::string_view b);  // REQUIRES: same size
// ASCII only. Here for speed: most names differ in their size or their last letter.
inline bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  if (a.empty()) return true;
  return ((a.back() ^ b.back()) & ~0x20) == 0 && SameSizeEqualsIgnoreCase(a, b);
}
std::string ReplaceAll(std::string_view text, std::string_view from, std::string_view to);

// Lower-case or upper-case hexadecimal UUID in the 8-4-4-4-12 form.
bool IsUuid(std::string_view text);
std::string NewUuid();  // version 4, from the system's random source
// Version 5 (RFC 9562): deterministic, from a namespace UUID and a name.
std::string UuidV5(std::string_view namespace_uuid, std::string_view name);

// Compares secrets in time that depends on the lengths only.
bool SecretEquals(std::string_view a, std::string_view b);

std::string PercentDecode(std::string_view text, bool plus_is_space);
std::string PercentEncode(
    std::string_view text);  // all but unreserved characters (RFC 3986), upper-case hex

std::string Base64Encode(std::string_view bytes);
std::optional<std::string> Base64Decode(std::string_view text);  // padding may be left out
std::string ToHex(std::string_view bytes);                       // lower-case
std::string RandomBytes(size_t count);                           // from the system's random source
std::string Sha1(std::string_view bytes);                        // 20 raw bytes
std::string Sha256(std::string_view bytes);                      // 32 raw bytes
std::string Md5Hex(std::string_view bytes);

// Whole seconds / milliseconds since the epoch, from the system's clock. Code with tests takes an
// injected clock instead.
int64_t NowSeconds();
double NowWithMillis();  // seconds with three decimals

}  // namespace silverback
