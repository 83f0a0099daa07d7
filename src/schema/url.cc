#include "schema/url.h"

#include <algorithm>
#include <cctype>

namespace silverback::schema {
namespace {

bool IsSchemeCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '-' || c == '.';
}

// Takes "scheme:" off `text`.
std::optional<std::string> TakeScheme(std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  std::string scheme = text.substr(0, colon);
  if (!std::isalnum(static_cast<unsigned char>(scheme[0])) ||
      !std::all_of(scheme.begin(), scheme.end(), IsSchemeCharacter)) {
    return std::nullopt;
  }
  text.erase(0, colon + 1);
  return scheme;
}

void SetAuthority(std::string authority, Url& url) {
  if (const size_t user = authority.find('@'); user != std::string::npos) {
    url.has_user = true;
    authority.erase(0, user + 1);
  }
  const size_t colon = authority.rfind(':');
  if (colon != std::string::npos && authority.find(']', colon) == std::string::npos) {
    url.port = authority.substr(colon + 1);
    authority.erase(colon);
  }
  const bool bracketed =
      authority.size() > 2 && authority.front() == '[' && authority.back() == ']';
  url.host = bracketed ? authority.substr(1, authority.size() - 2) : authority;
}

}  // namespace

Url ParseUrl(std::string text) {
  Url url;
  if (const size_t fragment = text.find('#'); fragment != std::string::npos) {
    url.has_fragment = true;
    text.erase(fragment);
  }
  url.scheme = TakeScheme(text);
  if (text.starts_with("//")) {
    const size_t end = std::min(text.find('/', 2), text.size());
    SetAuthority(text.substr(2, end - 2), url);
    text.erase(0, end);
  }
  if (const size_t query = text.find_first_of("?;"); query != std::string::npos) text.erase(query);
  url.path = std::move(text);
  return url;
}

}  // namespace silverback::schema
