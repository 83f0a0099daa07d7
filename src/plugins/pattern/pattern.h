// Pattern: a regular expression of a plugin's configuration (PCRE2). Immutable; any thread may
// match. A match that takes too many steps counts as none.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace silverback::plugins {

class Pattern {
 public:
  // nullptr when the text is no valid expression.
  static std::unique_ptr<const Pattern> Compile(std::string_view text);
  ~Pattern();

  bool FoundIn(std::string_view subject) const;  // anywhere
  bool FoundAtStart(std::string_view subject) const;
  // What its groups caught where it is first found, [0] being all of it; empty: nowhere. A group
  // that took no part gives "".
  std::vector<std::string> Captures(std::string_view subject) const;

 private:
  struct Code;
  explicit Pattern(std::unique_ptr<Code> code);
  bool Match(std::string_view subject, unsigned options) const;
  std::unique_ptr<Code> code_;
};

}  // namespace silverback::plugins
