#include "http/query.h"

#include "util/string_util.h"

namespace silverback::http {

std::vector<Argument> ParseQuery(std::string_view text, size_t limit) {
  std::vector<Argument> arguments;
  while (!text.empty() && arguments.size() < limit) {
    const size_t end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);

    const size_t equals = pair.find('=');
    Argument argument;
    argument.name = PercentDecode(pair.substr(0, equals), true);
    if (argument.name.empty()) continue;
    if (equals != std::string_view::npos) {
      argument.value = PercentDecode(pair.substr(equals + 1), true);
    }
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

}  // namespace silverback::http
