#include "plugins/request_transformer/actions.h"

#include "plugins/transform/rules.h"

namespace silverback::plugins {

Error RenderingError(const Error& cause) {
  return {ErrorCode::kInvalidInput,
          "[request-transformer] failed to render the template: " + cause.message()};
}

Result<Actions> Actions::Create(const Json& config, const char* kind, plugin::Scripts& scripts) {
  Actions actions;
  const std::pair<const char*, std::vector<Item>*> lists[] = {{"remove", &actions.remove_},
                                                              {"rename", &actions.rename_},
                                                              {"replace", &actions.replace_},
                                                              {"add", &actions.add_},
                                                              {"append", &actions.append_}};
  for (const auto& [action, items] : lists) {
    for (Rule& rule : RulesOf(config, action, kind)) {
      Item item{std::move(rule.name), nullptr};
      if (!rule.value.empty()) {
        auto made = scripts.LoadTemplate(rule.value);
        if (!made) return RenderingError(made.error());
        item.value = std::move(*made);
      }
      items->push_back(std::move(item));
    }
  }
  return actions;
}

bool Actions::empty() const {
  return remove_.empty() && rename_.empty() && replace_.empty() && add_.empty() && append_.empty();
}

Result<WantedActions> Actions::For(plugin::Exchange& exchange, plugin::TemplateScope& scope) const {
  WantedActions wanted;
  const std::pair<const std::vector<Item>*, std::vector<Wanted>*> lists[] = {
      {&remove_, &wanted.remove},
      {&rename_, &wanted.rename},
      {&replace_, &wanted.replace},
      {&add_, &wanted.add},
      {&append_, &wanted.append}};
  for (const auto& [items, out] : lists) {
    for (const Item& item : *items) {
      out->push_back({item.name, std::nullopt});
      if (!item.value) continue;
      auto text = item.value->Render(exchange, scope);
      if (!text) return RenderingError(text.error());
      out->back().value = *std::move(text);
    }
  }
  return wanted;
}

}  // namespace silverback::plugins
