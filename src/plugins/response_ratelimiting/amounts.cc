#include "plugins/response_ratelimiting/amounts.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "util/string_util.h"

namespace silverback::plugins {
namespace {

constexpr double kMost = 1e12;  // counters could overflow by more

}  // namespace

std::map<std::string, double, std::less<>> ParseAmounts(std::string_view header) {
  std::map<std::string, double, std::less<>> amounts;
  for (const std::string_view part : Split(header, ',')) {
    const auto sides = Split(part, '=');
    if (sides.size() != 2) continue;
    const std::string_view text = Trim(sides[1]);
    double amount = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), amount);
    const bool valid = read.ec == std::errc() && read.ptr == text.data() + text.size();
    if (!valid || std::isnan(amount)) continue;
    amounts[std::string(Trim(sides[0]))] = std::clamp(amount, -kMost, kMost);
  }
  return amounts;
}

}  // namespace silverback::plugins
