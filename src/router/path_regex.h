// A regular expression of a route's path or header value (PCRE2, compiled to machine code at its
// first use). Immutable towards its callers; any thread may match. A match that takes too many
// steps counts as none, so that no pattern can hold up a worker.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace silverback::router {

class PathRegex {
 public:
  // nullptr when the pattern is invalid. A path pattern is anchored at the start, and what follows
  // its match is found by Match; a header pattern may match anywhere.
  static std::unique_ptr<PathRegex> ForPath(std::string_view pattern);
  static std::unique_ptr<PathRegex> ForHeader(std::string_view pattern);
  ~PathRegex();

  bool Matches(std::string_view subject) const;

  struct Found {
    // Where the rest of the path begins; npos when an alternative of the pattern matched that
    // leaves none.
    size_t rest = std::string_view::npos;
    std::vector<std::pair<std::string, std::string>> captures;  // named ones, then "0".."n"
  };
  // REQUIRES: Matches(subject). Captures are given when the pattern has groups.
  Found Match(std::string_view subject) const;

  size_t memory_bytes() const;

  // What every match of a path pattern begins with: "" when that cannot be told.
  static std::string LiteralPrefix(std::string_view pattern);

 private:
  struct Code;
  explicit PathRegex(std::unique_ptr<Code> code);
  std::unique_ptr<Code> code_;
};

}  // namespace silverback::router
