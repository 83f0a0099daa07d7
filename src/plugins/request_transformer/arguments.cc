#include "plugins/request_transformer/arguments.h"

#include <algorithm>

#include "http/query.h"
#include "util/string_util.h"

namespace silverback::plugins {

Arguments::Arguments(std::string_view text) {
  for (http::Argument& argument : http::ParseQuery(text)) {
    Item* item = Find(argument.name);
    if (!item) item = &items_.emplace_back(Item{argument.name, {}});
    item->values.push_back(std::move(argument.value));
  }
}

Arguments::Item* Arguments::Find(std::string_view name) {
  const auto found = std::find_if(items_.begin(), items_.end(),
                                  [&](const Item& item) { return item.name == name; });
  return found == items_.end() ? nullptr : &*found;
}

void Arguments::Set(const std::string& name, Values values) {
  Item* item = Find(name);
  if (!item) item = &items_.emplace_back(Item{name, {}});
  item->values = std::move(values);
}

void Arguments::Drop(std::string_view name) {
  std::erase_if(items_, [&](const Item& item) { return item.name == name; });
}

bool Arguments::Apply(const WantedActions& actions, bool nothing_sent) {
  bool changed = !actions.append.empty() ||
                 (!nothing_sent && (!actions.remove.empty() || !actions.rename.empty()));
  if (!nothing_sent) {
    for (const Wanted& rule : actions.remove) Drop(rule.name);
    for (const Wanted& rule : actions.rename) {
      if (!rule.value) continue;
      // Renaming what is not there leaves nothing under the new name either.
      const Item* item = Find(rule.name);
      Values values = item ? item->values : Values();
      Drop(rule.name);
      Drop(*rule.value);
      if (!values.empty()) Set(*rule.value, std::move(values));
    }
    for (const Wanted& rule : actions.replace) {
      if (!Find(rule.name)) continue;
      changed = true;
      if (rule.value) {
        Set(rule.name, {*rule.value});
      } else {
        Drop(rule.name);
      }
    }
  }
  for (const Wanted& rule : actions.add) {
    if (!rule.value || Find(rule.name)) continue;
    Set(rule.name, {*rule.value});
    changed = true;
  }
  for (const Wanted& rule : actions.append) {
    if (!rule.value) continue;
    Item* item = Find(rule.name);
    // A bare name makes place for the value.
    if (item && !(item->values.size() == 1 && !item->values.front())) {
      item->values.push_back(*rule.value);
    } else {
      Set(rule.name, {*rule.value});
    }
  }
  return changed;
}

void Arguments::Merge(const Arguments& other) {
  for (const Item& added : other.items_) {
    Item* item = Find(added.name);
    if (!item) item = &items_.emplace_back(Item{added.name, {}});
    item->values.insert(item->values.end(), added.values.begin(), added.values.end());
  }
}

std::string Arguments::Text() const {
  std::vector<std::string> parts;
  for (const Item& item : items_) {
    std::string& part = parts.emplace_back();
    for (const auto& value : item.values) {
      if (!part.empty()) part += '&';
      part += PercentEncode(item.name);
      if (value) part.append("=").append(PercentEncode(*value));
    }
  }
  std::sort(parts.begin(), parts.end());
  return Join(parts, "&");
}

}  // namespace silverback::plugins
