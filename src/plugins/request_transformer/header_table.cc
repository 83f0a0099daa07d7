#include "plugins/request_transformer/header_table.h"

#include <algorithm>

#include "util/string_util.h"

namespace silverback::plugins {

HeaderTable::HeaderTable(const plugin::Exchange& exchange) {
  for (auto& [name, value] : exchange.RequestHeaders()) {
    const std::string lower = ToLower(name);
    // What the upstream gets as Host is not the client's to say.
    if (lower == "host") continue;
    Entry* entry = Exactly(lower);
    if (!entry) entry = &entries_.emplace_back(Entry{lower, {}, false});
    entry->values.push_back(std::move(value));
  }
}

HeaderTable::Entry* HeaderTable::Exactly(std::string_view name) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.name == name; });
  return found == entries_.end() ? nullptr : &*found;
}

HeaderTable::Entry* HeaderTable::Find(std::string_view name) {
  Entry* entry = Exactly(name);
  return entry ? entry : Exactly(ReplaceAll(ToLower(name), "_", "-"));
}

void HeaderTable::Set(std::string_view name, std::vector<std::string> values) {
  Entry* entry = Exactly(name);
  if (!entry) entry = &entries_.emplace_back(Entry{std::string(name), {}, true});
  entry->values = std::move(values);
  entry->changed = true;
}

void HeaderTable::Drop(std::string_view name) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.name == name; });
}

void HeaderTable::Append(const Wanted& rule) {
  if (!rule.value) return;
  const std::string lower = ToLower(rule.name);
  std::vector<std::string> values;
  if (const Entry* there = Find(rule.name)) values = there->values;
  if (lower != "host" && lower != rule.name && !values.empty()) Drop(lower);
  values.push_back(*rule.value);
  Set(rule.name, std::move(values));
}

void HeaderTable::Apply(const WantedActions& actions) {
  for (const Wanted& rule : actions.remove) {
    const std::string name = ToLower(rule.name);
    if (!Find(name)) continue;
    Drop(name);
    removed_.push_back(name);
  }
  for (const Wanted& rule : actions.rename) {
    const std::string name = ToLower(rule.name);
    const Entry* there = Find(name);
    if (!there || !rule.value) continue;
    Set(*rule.value, std::vector<std::string>(there->values));
    if (name != *rule.value) Drop(name);
    removed_.push_back(name);
  }
  for (const Wanted& rule : actions.replace) {
    const std::string name = ToLower(rule.name);
    if (rule.value && (name == "host" || Find(name))) Set(name, {*rule.value});
  }
  for (const Wanted& rule : actions.add) {
    if (rule.value && !Find(rule.name) && ToLower(rule.name) != "host")
      Set(rule.name, {*rule.value});
  }
  for (const Wanted& rule : actions.append) Append(rule);
}

void HeaderTable::Write(plugin::Exchange& exchange) const {
  for (const std::string& name : removed_) exchange.ClearRequestHeader(name);
  for (const Entry& entry : entries_) {
    if (!entry.changed) continue;
    bool first = true;
    for (const std::string& value : entry.values) {
      if (std::exchange(first, false)) {
        exchange.SetRequestHeader(entry.name, value);
      } else {
        exchange.AddRequestHeader(entry.name, value);
      }
    }
  }
}

}  // namespace silverback::plugins
