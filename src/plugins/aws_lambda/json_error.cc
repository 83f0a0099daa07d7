#include "plugins/aws_lambda/json_error.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

namespace silverback::plugins::aws {
namespace {

constexpr size_t kMostNested = 1000;

// A token's name as messages show it, and where it begins.
struct Token {
  std::string_view name;
  size_t at = 0;
  bool IsValue() const {
    return name == "T_STRING" || name == "T_NUMBER" || name == "T_BOOLEAN" || name == "T_NULL";
  }
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Token Next() {
    at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
    Token token{"T_END", at_};
    if (at_ == text_.size()) return token;
    token.name = Single(text_[at_]);
    if (!token.name.empty()) {
      ++at_;
    } else if (text_[at_] == '"') {
      token.name = String();
    } else {
      token.name = Word();
    }
    return token;
  }

 private:
  static std::string_view Single(char c) {
    switch (c) {
      case '{':
        return "T_OBJ_BEGIN";
      case '}':
        return "T_OBJ_END";
      case '[':
        return "T_ARR_BEGIN";
      case ']':
        return "T_ARR_END";
      case ':':
        return "T_COLON";
      case ',':
        return "T_COMMA";
      default:
        return "";
    }
  }

  std::string_view String() {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return "T_STRING";
      }
      if (text_[at_] != '\\') continue;
      ++at_;
      if (at_ < text_.size() && std::string_view("\"\\/bfnrtu").find(text_[at_]) == text_.npos)
        return "invalid escape code";
    }
    return "unexpected end of string";
  }

  std::string_view Word() {
    for (const auto& [word, name] :
         {std::pair<std::string_view, std::string_view>{"true", "T_BOOLEAN"},
          {"false", "T_BOOLEAN"},
          {"null", "T_NULL"}}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return name;
    }
    const size_t end = std::min(text_.find_first_not_of("0123456789+-.eE", at_), text_.size());
    if (text_[at_] != '-' && (text_[at_] < '0' || text_[at_] > '9')) return "invalid token";
    at_ = end;
    return "T_NUMBER";
  }

  const std::string_view text_;
  size_t at_ = 0;
};

std::string Message(std::string_view expected, const Token& found) {
  return fmt::format("Expected {} but found {} at character {}", expected, found.name,
                     found.at + 1);
}

// Reads what may stand between the containers that are open, until something is wrong.
class Checker {
 public:
  explicit Checker(std::string_view text) : scanner_(text) {}

  std::string Run() {
    Token token = scanner_.Next();
    while (true) {
      if (auto wrong = Value(token)) return *wrong;
      if (auto wrong = AfterValue(token)) return *wrong;
    }
  }

 private:
  // Takes a value, or goes into a container. `token` is left at what comes next.
  std::optional<std::string> Value(Token& token) {
    while (token.name == "T_OBJ_BEGIN" || token.name == "T_ARR_BEGIN") {
      const bool object = token.name == "T_OBJ_BEGIN";
      if (open_.size() >= kMostNested)
        return fmt::format("Found too many nested data structures ({})", open_.size() + 1);
      token = scanner_.Next();
      if (token.name == (object ? "T_OBJ_END" : "T_ARR_END")) return Advance(token);
      open_.push_back(object);
      if (!object) continue;
      if (auto wrong = Key(token)) return wrong;
    }
    if (!token.IsValue()) return Message("value", token);
    return Advance(token);
  }

  std::optional<std::string> Advance(Token& token) {
    token = scanner_.Next();
    return std::nullopt;
  }

  std::optional<std::string> Key(Token& token) {
    if (token.name != "T_STRING") return Message("object key string", token);
    token = scanner_.Next();
    if (token.name != "T_COLON") return Message("colon", token);
    return Advance(token);
  }

  // Closes containers until there is another value to be read.
  std::optional<std::string> AfterValue(Token& token) {
    while (true) {
      if (open_.empty()) return Message("the end", token);
      const bool object = open_.back();
      if (token.name == "T_COMMA") {
        token = scanner_.Next();
        return object ? Key(token) : std::nullopt;
      }
      if (token.name != (object ? "T_OBJ_END" : "T_ARR_END"))
        return Message(object ? "comma or object end" : "comma or array end", token);
      open_.pop_back();
      token = scanner_.Next();
    }
  }

  Scanner scanner_;
  std::vector<bool> open_;  // true: an object
};

}  // namespace

std::string DescribeJsonError(std::string_view text) { return Checker(text).Run(); }

}  // namespace silverback::plugins::aws
