// Dates of header fields (RFC 9110, 5.6.7). Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace silverback::http {

// Seconds since the epoch of any of the three formats.
std::optional<int64_t> ParseDate(std::string_view text);
std::string FormatDate(int64_t seconds);  // "Sun, 06 Nov 1994 08:49:37 GMT"

}  // namespace silverback::http
