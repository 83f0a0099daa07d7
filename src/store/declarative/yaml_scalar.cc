#include "store/declarative/yaml_scalar.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace silverback::store::declarative {
namespace {

constexpr std::string_view kTagPrefix = "tag:yaml.org,2002:";
constexpr double kLargestExact = 9007199254740992.0;  // 2^53

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> choices) {
  return std::find(choices.begin(), choices.end(), text) != choices.end();
}

// Takes the sign off `text`.
bool TakeSign(std::string_view& text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  return negative;
}

void SkipUnderscores(std::string_view& text) {
  while (text.starts_with('_')) text.remove_prefix(1);
}

// A number as documents hold it: integral when nothing is lost by that.
Json Number(double value) {
  if (value == std::trunc(value) && std::abs(value) <= kLargestExact) {
    return static_cast<int64_t>(value);
  }
  return value;
}

// The value of digits in `base`, where '_' only separates.
double Accumulate(std::string_view digits, int base) {
  double value = 0;
  for (const char c : digits) {
    if (c == '_') continue;
    const int digit = IsDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value * base + digit;
  }
  return value;
}

template <class Accept>
bool AllDigits(std::string_view text, const Accept& accept, size_t at_least = 1) {
  if (text.size() < at_least || text.empty() || !accept(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) { return c == '_' || accept(c); });
}

std::optional<double> Octal(std::string_view text) {
  const bool negative = TakeSign(text);
  if (!text.starts_with('0')) return std::nullopt;
  text.remove_prefix(1);
  SkipUnderscores(text);
  if (!AllDigits(text, [](char c) { return c >= '0' && c <= '7'; })) return std::nullopt;
  const double value = Accumulate(text, 8);
  return negative ? -value : value;
}

std::optional<double> Decimal(std::string_view text) {
  const bool negative = TakeSign(text);
  SkipUnderscores(text);
  if (!AllDigits(text, IsDigit)) return std::nullopt;
  const double value = Accumulate(text, 10);
  return negative ? -value : value;
}

std::optional<double> Hexadecimal(std::string_view text) {
  const bool negative = TakeSign(text);
  if (!text.starts_with("0x")) return std::nullopt;
  text.remove_prefix(2);
  SkipUnderscores(text);
  if (!AllDigits(text, IsHexDigit)) return std::nullopt;
  const double value = Accumulate(text, 16);
  return negative ? -value : value;
}

std::optional<double> Binary(std::string_view text) {
  const bool negative = TakeSign(text);
  if (!text.starts_with("0b")) return std::nullopt;
  text.remove_prefix(2);
  SkipUnderscores(text);
  if (!AllDigits(
          text, [](char c) { return c == '0' || c == '1'; }, 2))
    return std::nullopt;
  const double value = Accumulate(text, 2);
  return negative ? -value : value;
}

std::optional<double> Float(std::string_view text) {
  if (text.find_first_of(".eE") == std::string_view::npos) return std::nullopt;
  std::string digits(text);
  std::erase(digits, '_');
  // strtod takes more than a number in Lua may be: words and blanks.
  if (digits.empty() || digits.find_first_not_of("0123456789+-.eExXaAbBcCdDfFpP") != digits.npos)
    return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(digits.c_str(), &end);
  if (end != digits.c_str() + digits.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// "190:20:30", the first part of any size, the second below 60.
std::optional<double> Sexagesimal(std::string_view text) {
  const bool negative = TakeSign(text);
  const size_t colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(colon + 1);
  if (rest.empty() || !IsDigit(rest[0])) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), [](char c) { return IsDigit(c) || c == ':'; }))
    return std::nullopt;
  const bool two_digits = rest.size() > 1 && IsDigit(rest[1]);
  if (two_digits && rest[0] > '5') {
    // "1:70" is nothing; in "1:7:0" the second part is the single digit.
    return std::nullopt;
  }
  double value = 0, part = 0;
  bool digits = false;
  for (const char c : text) {
    if (c != ':') {
      part = part * 10 + (c - '0');
      digits = true;
    } else if (digits) {
      value = value * 60 + part;
      part = 0;
      digits = false;
    }
  }
  if (digits) value = value * 60 + part;
  return negative ? -value : value;
}

std::optional<double> SexagesimalFloat(std::string_view text) {
  const size_t dot = text.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == text.size()) return std::nullopt;
  const std::string_view fraction = text.substr(dot + 1);
  if (!std::all_of(fraction.begin(), fraction.end(), IsDigit)) return std::nullopt;
  auto whole = Sexagesimal(text.substr(0, dot));
  if (!whole) return std::nullopt;
  const double part = std::strtod(("0." + std::string(fraction)).c_str(), nullptr);
  return text.starts_with('-') ? *whole - part : *whole + part;
}

std::optional<double> Infinity(std::string_view text) {
  const bool negative = TakeSign(text);
  if (!IsOneOf(text, {".inf", ".Inf", ".INF"})) return std::nullopt;
  const double value = std::numeric_limits<double>::infinity();
  return negative ? -value : value;
}

std::optional<double> NotANumber(std::string_view text) {
  if (!IsOneOf(text, {".nan", ".NaN", ".NAN"})) return std::nullopt;
  return std::numeric_limits<double>::quiet_NaN();
}

bool IsNull(std::string_view text) { return IsOneOf(text, {"", "~", "null", "Null", "NULL"}); }

std::optional<bool> Boolean(std::string_view text) {
  if (IsOneOf(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})) return true;
  if (IsOneOf(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}))
    return false;
  return std::nullopt;
}

using Reader = std::optional<double> (*)(std::string_view);

std::optional<Json> FirstNumber(std::string_view text, std::initializer_list<Reader> readers) {
  for (const Reader reader : readers) {
    if (const auto value = reader(text)) return Number(*value);
  }
  return std::nullopt;
}

}  // namespace

Json ResolveScalar(std::string_view text) {
  if (IsNull(text)) return nullptr;
  // Most scalars are words: none of the numbers begins with a letter.
  const char first = text[0];
  const bool number_like =
      IsDigit(first) || first == '+' || first == '-' || first == '.' || first == '_';
  if (number_like) {
    if (auto value = FirstNumber(text, {Octal, Decimal, Float, Infinity, NotANumber, Hexadecimal,
                                        Binary, Sexagesimal, SexagesimalFloat})) {
      return *std::move(value);
    }
  } else if (const auto truth = Boolean(text)) {
    return *truth;
  }
  return std::string(text);
}

bool IsScalarTag(std::string_view tag) {
  if (!tag.starts_with(kTagPrefix)) return false;
  return IsOneOf(tag.substr(kTagPrefix.size()), {"bool", "float", "int", "null", "str"});
}

std::optional<Json> ResolveTagged(std::string_view tag, std::string_view text) {
  const std::string_view kind = tag.substr(kTagPrefix.size());
  if (kind == "str") return Json(std::string(text));
  if (kind == "null") return Json();
  if (kind == "bool") {
    const auto truth = Boolean(text);
    return truth ? std::optional<Json>(*truth) : std::nullopt;
  }
  if (kind == "int") return FirstNumber(text, {Octal, Decimal, Hexadecimal, Binary, Sexagesimal});
  return FirstNumber(text, {Float, NotANumber, Infinity, Octal, Decimal, Hexadecimal, Binary,
                            Sexagesimal, SexagesimalFloat});
}

}  // namespace silverback::store::declarative
