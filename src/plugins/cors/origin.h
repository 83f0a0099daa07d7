// Matching of Origin headers against the configured origins.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace silverback::plugins {

// "scheme://host[:port]" without the scheme's own port; the text itself when it is no such thing.
std::string NormalizeOrigin(std::string_view origin);

class OriginMatcher {
 public:
  static Result<OriginMatcher> Create(const std::vector<std::string>& origins);
  OriginMatcher(OriginMatcher&&) noexcept;
  ~OriginMatcher();

  // `origin` is normalised.
  bool Matches(const std::string& origin) const;

 private:
  struct Entry;
  OriginMatcher();
  std::vector<Entry> entries_;
};

// True when the text is a plain origin and no pattern.
bool IsPlainOrigin(std::string_view text);

}  // namespace silverback::plugins
