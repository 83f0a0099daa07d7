// Path templates of google.api.http: "/v1/{name=shelves/*}/books:list". Immutable; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/pattern/pattern.h"

namespace silverback::plugins {

class PathTemplate {
 public:
  explicit PathTemplate(std::string_view text);
  // The variables' names and values (percent escapes decoded); nullopt: it does not match.
  std::optional<std::vector<std::pair<std::string, std::string>>> Match(
      std::string_view path) const;

 private:
  std::vector<std::string> names_;
  std::unique_ptr<const Pattern> pattern_;
};

}  // namespace silverback::plugins
