// Cuts the text of an nginx configuration into its parts, Lua blocks included. Views into the text,
// which must outlive the scanner.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace silverback::config {

struct NginxPart {
  enum Kind {
    kSpace,      // blanks and comments
    kDirective,  // words and ";"
    kOpen,       // words and "{"
    kLua,        // words and a whole {...} of Lua
    kClose,      // "}"
    kRest,       // what cannot be cut
  };
  Kind kind = kRest;
  std::string_view text;                // all of it
  std::vector<std::string_view> words;  // as written, with quotes
  std::string_view code;                // of kLua, without the braces
  size_t line = 1;                      // where it begins
};

class NginxScanner {
 public:
  explicit NginxScanner(std::string_view text) : text_(text) {}

  std::optional<NginxPart> Next();  // nothing at the end

 private:
  NginxPart Take(NginxPart::Kind kind, size_t begin, size_t end);
  size_t SkipSpace(size_t at) const;
  size_t SkipWord(size_t at) const;
  size_t SkipLua(size_t at) const;          // `at` behind the opening brace; npos when unbalanced
  size_t SkipLuaString(size_t at) const;    // of "..." or '...'
  size_t SkipLongBracket(size_t at) const;  // of [[...]] or [=[...]=]; `at` when it is none

  std::string_view text_;
  size_t at_ = 0;
  size_t line_ = 1;
};

}  // namespace silverback::config
