#include "admin/lax_json.h"

#include <fmt/format.h>

#include <cctype>
#include <cmath>
#include <cstdlib>

namespace silverback::admin {
namespace {

constexpr size_t kLongestNumber = 64;

bool IsNumberCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '-' || c == '.';
}

// A text from its opening quote to the closing one, or to the end.
std::string_view TakeText(std::string_view rest) {
  size_t end = 1;
  while (end < rest.size() && rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
  return rest.substr(0, end + 1);
}

void AppendText(std::string_view text, std::string& out) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    // No text holds a NUL: it is the end of what that decoder sees.
    if (byte < 0x20 && byte != 0) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
}

std::string_view TakeWord(std::string_view rest) {
  size_t end = 0;
  while (end < rest.size() && IsNumberCharacter(rest[end])) ++end;
  return rest.substr(0, end);
}

void AppendWord(std::string_view word, std::string& out) {
  const bool starts = std::isdigit(static_cast<unsigned char>(word.front())) || word.front() == '-';
  if (starts && word.size() <= kLongestNumber) {
    const std::string digits(word);
    char* end = nullptr;
    const double number = std::strtod(digits.c_str(), &end);
    if (end == digits.c_str() + digits.size() && std::isfinite(number)) {
      out += fmt::format("{:.17g}", number);
      return;
    }
  }
  out += word;
}

}  // namespace

std::string AsStrictJson(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    size_t taken = 1;
    if (text.front() == '"') {
      const std::string_view whole = TakeText(text);
      AppendText(whole, out);
      taken = whole.size();
    } else if (IsNumberCharacter(text.front())) {
      const std::string_view word = TakeWord(text);
      AppendWord(word, out);
      taken = word.size();
    } else {
      out += text.front();
    }
    text.remove_prefix(taken);
  }
  return out;
}

}  // namespace silverback::admin
