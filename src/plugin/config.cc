#include "plugin/config.h"

namespace silverback::plugin {

std::vector<std::string> StringList(const Json& config, std::string_view name) {
  std::vector<std::string> texts;
  const Json* list = FindMember(config, name);
  if (!list || !list->is_array()) return texts;
  for (const Json& item : *list) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

}  // namespace silverback::plugin
