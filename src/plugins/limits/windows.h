// The windows of rate limits: calendar seconds, minutes, ... years in UTC.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace silverback::plugins {

struct Window {
  std::string_view name;  // "second": the configuration's field
  int64_t seconds;  // nominal length: what RateLimit-Reset counts with, and after which a counter
                    // expires
  std::string_view limit_header, remaining_header;
};

inline constexpr std::array<Window, 6> kWindows = {
    {{"second", 1, "X-RateLimit-Limit-Second", "X-RateLimit-Remaining-Second"},
     {"minute", 60, "X-RateLimit-Limit-Minute", "X-RateLimit-Remaining-Minute"},
     {"hour", 3600, "X-RateLimit-Limit-Hour", "X-RateLimit-Remaining-Hour"},
     {"day", 86400, "X-RateLimit-Limit-Day", "X-RateLimit-Remaining-Day"},
     {"month", 2592000, "X-RateLimit-Limit-Month", "X-RateLimit-Remaining-Month"},
     {"year", 31536000, "X-RateLimit-Limit-Year", "X-RateLimit-Remaining-Year"}}};

// When the window that `now` (seconds since the epoch) lies in began.
int64_t WindowStart(const Window& window, int64_t now);

// As headers show it: whole numbers without a fraction.
std::string NumberText(double number);

}  // namespace silverback::plugins
