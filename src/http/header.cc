#include "http/header.h"

#include "util/string_util.h"

namespace silverback::http {
namespace {

// Where the first `separator` outside quotes is, or npos.
size_t FindOutsideQuotes(std::string_view text, char separator) {
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && text[i] == separator) {
      return i;
    }
  }
  return std::string_view::npos;
}

std::string Unquote(std::string_view text) {
  if (text.size() < 2) return std::string(text);
  if (text.front() == '\'' && text.back() == '\'')
    return std::string(text.substr(1, text.size() - 2));
  if (text.front() != '"' || text.back() != '"') return std::string(text);
  std::string result;
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) ++i;
    result += text[i];
  }
  return result;
}

}  // namespace

const std::string* FindHeader(const HeaderList& headers, std::string_view name) {
  for (const auto& [field, value] : headers) {
    if (EqualsIgnoreCase(field, name)) return &value;
  }
  return nullptr;
}

std::string HeaderParameter(std::string_view value, std::string_view name) {
  size_t end = FindOutsideQuotes(value, ';');
  while (end != std::string_view::npos) {
    value.remove_prefix(end + 1);
    end = FindOutsideQuotes(value, ';');
    const std::string_view part = Trim(value.substr(0, end));
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    if (EqualsIgnoreCase(Trim(part.substr(0, equals)), name)) {
      return Unquote(Trim(part.substr(equals + 1)));
    }
  }
  return "";
}

std::vector<std::string_view> HeaderListMembers(std::string_view value) {
  std::vector<std::string_view> members;
  while (true) {
    const size_t end = FindOutsideQuotes(value, ',');
    const std::string_view member = Trim(value.substr(0, end));
    if (!member.empty()) members.push_back(member);
    if (end == std::string_view::npos) return members;
    value.remove_prefix(end + 1);
  }
}

}  // namespace silverback::http
