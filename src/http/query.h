// Arguments of a query string or an application/x-www-form-urlencoded body. Pure functions; any
// thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace silverback::http {

struct Argument {
  std::string name;
  std::optional<std::string> value;  // absent for a bare name ("a&b=1")
};

// Percent escapes and "+" are decoded, malformed escapes stay as they are, arguments without a name
// are left out, and what follows the first `limit` arguments is ignored (nginx-lua's default of 100
// keeps a hostile query from costing more than it should).
std::vector<Argument> ParseQuery(std::string_view text, size_t limit = 100);

}  // namespace silverback::http
