// CacheControl: the directives of Cache-Control, of a request or a response. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace silverback::plugins {

class CacheControl {
 public:
  explicit CacheControl(const std::vector<std::string_view>& header_values);

  bool Has(std::string_view directive) const;
  // Of "max-age=60": 60. nullopt: not there, or without a number.
  std::optional<double> Seconds(std::string_view directive) const;

 private:
  std::vector<std::pair<std::string, std::string_view>> directives_;  // in lower case; values
};

}  // namespace silverback::plugins
