#include "config/nginx_scanner.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace silverback::config {
namespace {

constexpr size_t kNone = std::string_view::npos;

bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

}  // namespace

NginxPart NginxScanner::Take(NginxPart::Kind kind, size_t begin, size_t end) {
  NginxPart part;
  part.kind = kind;
  part.text = text_.substr(begin, end - begin);
  part.line = line_;
  line_ += static_cast<size_t>(std::count(part.text.begin(), part.text.end(), '\n'));
  at_ = begin + part.text.size();
  return part;
}

std::optional<NginxPart> NginxScanner::Next() {
  if (at_ >= text_.size()) return std::nullopt;
  if (const size_t end = SkipSpace(at_); end > at_) return Take(NginxPart::kSpace, at_, end);
  if (text_[at_] == '}') return Take(NginxPart::kClose, at_, at_ + 1);
  std::vector<std::string_view> words;
  size_t at = at_;
  while (at < text_.size() && text_[at] != ';' && text_[at] != '{' && text_[at] != '}') {
    const size_t end = SkipWord(at);
    words.push_back(text_.substr(at, end - at));
    at = SkipSpace(end);
  }
  if (at >= text_.size() || text_[at] == '}') return Take(NginxPart::kRest, at_, kNone);
  NginxPart part;
  if (text_[at] == '{' && !words.empty() && words[0].ends_with("_by_lua_block")) {
    const size_t end = SkipLua(at + 1);
    if (end == kNone) return Take(NginxPart::kRest, at_, kNone);
    part = Take(NginxPart::kLua, at_, end);
    part.code = text_.substr(at + 1, end - at - 2);
  } else {
    part = Take(text_[at] == ';' ? NginxPart::kDirective : NginxPart::kOpen, at_, at + 1);
  }
  part.words = std::move(words);
  return part;
}

size_t NginxScanner::SkipSpace(size_t at) const {
  while (at < text_.size()) {
    if (text_[at] == '#') {
      at = std::min(text_.find('\n', at), text_.size());
    } else if (IsSpace(text_[at])) {
      ++at;
    } else {
      break;
    }
  }
  return at;
}

// A ${variable} in a word is no block.
size_t NginxScanner::SkipWord(size_t at) const {
  if (text_[at] == '"' || text_[at] == '\'') return SkipLuaString(at);
  while (at < text_.size()) {
    const char c = text_[at];
    if (c == '\\') {
      ++at;
    } else if (c == '$' && text_.substr(at + 1).starts_with('{')) {
      at = std::min(text_.find('}', at), text_.size() - 1);
    } else if (IsSpace(c) || c == ';' || c == '{' || c == '}') {
      break;
    }
    ++at;
  }
  return std::min(at, text_.size());
}

size_t NginxScanner::SkipLua(size_t at) const {
  int depth = 1;
  while (at < text_.size()) {
    const char c = text_[at];
    if (c == '"' || c == '\'') {
      at = SkipLuaString(at);
      continue;
    }
    if (text_.substr(at).starts_with("--")) {
      const size_t body = at + 2;
      const size_t end = body < text_.size() ? SkipLongBracket(body) : body;
      at = end > body ? end : std::min(text_.find('\n', at), text_.size());
      continue;
    }
    if (const size_t end = SkipLongBracket(at); end > at) {
      at = end;
      continue;
    }
    if (c == '{') ++depth;
    if (c == '}' && --depth == 0) return at + 1;
    ++at;
  }
  return kNone;
}

size_t NginxScanner::SkipLuaString(size_t at) const {
  const char quote = text_[at];
  for (++at; at < text_.size() && text_[at] != quote; ++at) {
    if (text_[at] == '\\') ++at;
  }
  return std::min(at + 1, text_.size());
}

size_t NginxScanner::SkipLongBracket(size_t at) const {
  if (text_[at] != '[') return at;
  size_t level = at + 1;
  while (level < text_.size() && text_[level] == '=') ++level;
  if (level >= text_.size() || text_[level] != '[') return at;
  const std::string close = "]" + std::string(level - at - 1, '=') + "]";
  const size_t end = text_.find(close, level);
  return end == kNone ? text_.size() : end + close.size();
}

}  // namespace silverback::config
