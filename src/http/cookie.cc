#include "http/cookie.h"

#include "util/string_util.h"

namespace silverback::http {

std::vector<std::pair<std::string_view, std::string_view>> ParseCookies(std::string_view header) {
  std::vector<std::pair<std::string_view, std::string_view>> cookies;
  for (std::string_view pair : Split(header, ';')) {
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = Trim(pair.substr(0, equals));
    if (!name.empty()) cookies.emplace_back(name, Trim(pair.substr(equals + 1)));
  }
  return cookies;
}

}  // namespace silverback::http
