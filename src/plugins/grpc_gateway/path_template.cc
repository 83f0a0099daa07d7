#include "plugins/grpc_gateway/path_template.h"

#include "util/string_util.h"

namespace silverback::plugins {
namespace {

// Segments, "*" for any one and "**" for any number of them, as an expression.
std::string SegmentsExpression(std::string_view segments) {
  std::string out;
  for (size_t i = 0; i < segments.size(); ++i) {
    const char c = segments[i];
    if (segments.substr(i).starts_with("**")) {
      out += ".+";
      ++i;
    } else if (c == '*') {
      out += "[^/]+";
    } else {
      const bool plain = c == '/' || c == '-' || c == '_' || c == '~' || (c >= '0' && c <= '9') ||
                         (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!plain) out += '\\';
      out += c;
    }
  }
  return out;
}

}  // namespace

PathTemplate::PathTemplate(std::string_view text) {
  std::string expression = "^";
  while (!text.empty()) {
    const size_t open = text.find('{');
    expression += SegmentsExpression(text.substr(0, open));
    if (open == text.npos) break;
    const size_t close = text.find('}', open);
    const std::string_view variable =
        text.substr(open + 1, (close == text.npos ? text.size() : close) - open - 1);
    const size_t equals = variable.find('=');
    names_.emplace_back(variable.substr(0, equals));
    expression += '(';
    expression += SegmentsExpression(equals == variable.npos ? "*" : variable.substr(equals + 1));
    expression += ')';
    text = close == text.npos ? std::string_view() : text.substr(close + 1);
  }
  pattern_ = Pattern::Compile(expression + "$");
}

std::optional<std::vector<std::pair<std::string, std::string>>> PathTemplate::Match(
    std::string_view path) const {
  if (!pattern_) return std::nullopt;
  const auto caught = pattern_->Captures(path);
  if (caught.empty()) return std::nullopt;
  std::vector<std::pair<std::string, std::string>> variables;
  for (size_t i = 0; i < names_.size() && i + 1 < caught.size(); ++i)
    variables.emplace_back(names_[i], PercentDecode(caught[i + 1], false));
  return variables;
}

}  // namespace silverback::plugins
