#include "plugins/ip_restriction/address_set.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace silverback::plugins {

std::optional<AddressSet::Range> AddressSet::Parse(std::string_view text) {
  constexpr int kAll = 128, kBeforeV4 = 96;
  const size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  Range range{{}, kAll};
  int base = 0;
  if (inet_pton(AF_INET, address.c_str(), &range.first[12]) == 1) {
    range.first[10] = range.first[11] = 0xff;
    base = kBeforeV4;
  } else if (inet_pton(AF_INET6, address.c_str(), range.first.data()) != 1) {
    return std::nullopt;
  }
  if (slash == text.npos) return range;
  const std::string_view digits = text.substr(slash + 1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), range.bits);
  if (error != std::errc() || end != digits.data() + digits.size() || range.bits < 0 ||
      range.bits > kAll - base)
    return std::nullopt;
  range.bits += base;
  return range;
}

bool AddressSet::Add(std::string_view range) {
  const auto parsed = Parse(range);
  if (parsed) ranges_.push_back(*parsed);
  return parsed.has_value();
}

bool AddressSet::Contains(std::string_view address) const {
  const auto wanted = Parse(address);
  if (!wanted) return false;
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
    const auto whole = static_cast<size_t>(range.bits / 8);
    if (!std::equal(range.first.begin(), range.first.begin() + whole, wanted->first.begin()))
      return false;
    const int rest = range.bits % 8;
    return rest == 0 || ((range.first[whole] ^ wanted->first[whole]) >> (8 - rest)) == 0;
  });
}

}  // namespace silverback::plugins
