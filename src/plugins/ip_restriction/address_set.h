// AddressSet: IPv4 and IPv6 addresses and ranges. Immutable; any thread may ask.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace silverback::plugins {

class AddressSet {
 public:
  // "10.0.0.1", "10.0.0.0/8", "::1", "fe80::/10"; false: not an address or range.
  bool Add(std::string_view range);
  bool Contains(std::string_view address) const;
  bool empty() const { return ranges_.empty(); }

 private:
  // IPv4 addresses as IPv6 sees them (RFC 4291, 2.5.5.2), so that one comparison serves both.
  using Bytes = std::array<uint8_t, 16>;
  struct Range {
    Bytes first;
    int bits;
  };
  static std::optional<Range> Parse(std::string_view text);

  std::vector<Range> ranges_;
};

}  // namespace silverback::plugins
