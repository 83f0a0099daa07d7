#include "plugins/limits/windows.h"

#include <ctime>

#include "util/json.h"

namespace silverback::plugins {

int64_t WindowStart(const Window& window, int64_t now) {
  constexpr int64_t kDay = 86400;
  if (window.seconds <= kDay) return now - now % window.seconds;
  const time_t time = now;
  tm calendar{};
  gmtime_r(&time, &calendar);
  calendar.tm_hour = calendar.tm_min = calendar.tm_sec = 0;
  calendar.tm_mday = 1;
  if (window.name == "year") calendar.tm_mon = 0;
  return timegm(&calendar);
}

std::string NumberText(double number) {
  const auto whole = static_cast<int64_t>(number);
  return static_cast<double>(whole) == number ? std::to_string(whole) : DumpJson(Json(number));
}

}  // namespace silverback::plugins
