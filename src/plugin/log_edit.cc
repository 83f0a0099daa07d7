#include "plugin/log_edit.h"

#include "util/string_util.h"

namespace silverback::plugin {
namespace {

std::vector<std::string> MembersOf(std::string_view path) {
  std::vector<std::string> members;
  for (const std::string_view part : Split(path, '.')) {
    if (!part.empty()) members.emplace_back(part);
  }
  return members;
}

// The object that holds the last member; nullptr when it is not there and is not to be made.
Json* ParentOf(const std::vector<std::string>& members, bool make, Json& entry) {
  Json* at = &entry;
  for (size_t i = 0; i + 1 < members.size(); ++i) {
    auto found = at->find(members[i]);
    if (found == at->end() || !found->is_object()) {
      if (!make) return nullptr;
      (*at)[members[i]] = Json::object();
      found = at->find(members[i]);
    }
    at = &*found;
  }
  return at;
}

}  // namespace

void ApplyEdits(const std::vector<LogEdit>& edits, Json& entry) {
  for (const LogEdit& edit : edits) {
    const auto members = MembersOf(edit.path);
    if (members.empty()) continue;
    const bool make = edit.mode != LogEditMode::kReplace && !edit.value.is_null();
    Json* parent = ParentOf(members, make, entry);
    if (parent == nullptr) continue;
    const bool there = parent->contains(members.back());
    if (there && edit.mode == LogEditMode::kAdd) continue;
    if (!there && edit.mode == LogEditMode::kReplace) continue;
    if (edit.value.is_null()) {
      parent->erase(members.back());
    } else {
      (*parent)[members.back()] = edit.value;
    }
  }
}

}  // namespace silverback::plugin
