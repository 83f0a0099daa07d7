#include "plugins/request_transformer/body.h"

#include "plugins/request_transformer/arguments.h"
#include "plugins/transform/multipart_form.h"
#include "plugins/transform/rules.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using Changed = Result<std::optional<std::string>>;

Changed ChangeForm(std::string_view body, const WantedActions& actions) {
  Arguments arguments(body);
  if (!arguments.Apply(actions, body.empty())) return std::optional<std::string>();
  return std::optional<std::string>(arguments.Text());
}

// False: nothing was to be done.
bool ChangeFields(Json& document, const WantedActions& actions) {
  bool changed = !actions.remove.empty() || !actions.rename.empty() || !actions.append.empty();
  for (const Wanted& rule : actions.remove) document.erase(rule.name);
  for (const Wanted& rule : actions.rename) {
    if (!rule.value) continue;
    const Json* field = FindMember(document, rule.name);
    Json value = field ? *field : Json();
    const bool there = field != nullptr;
    document.erase(rule.name);
    document.erase(*rule.value);
    if (there) document[*rule.value] = std::move(value);
  }
  for (const Wanted& rule : actions.replace) {
    if (!IsSet(document, rule.name) || !rule.value) continue;
    document[rule.name] = *rule.value;
    changed = true;
  }
  for (const Wanted& rule : actions.add) {
    if (IsSet(document, rule.name) || !rule.value) continue;
    document[rule.name] = *rule.value;
    changed = true;
  }
  for (const Wanted& rule : actions.append) {
    if (rule.value) AppendTo(document[rule.name], *rule.value);
  }
  return changed;
}

Changed ChangeJson(std::string_view body, const WantedActions& actions) {
  if (body.empty()) {
    if (actions.add.empty() && actions.append.empty()) return std::optional<std::string>();
    Json document = Json::object();
    ChangeFields(document, {{}, {}, {}, actions.add, actions.append});
    return std::optional<std::string>(DumpJson(document));
  }
  auto document = ParseJson(body);
  if (!document) return std::optional<std::string>();
  if (!document->is_structured())
    return Error(ErrorCode::kInvalidInput, "the body is JSON, but neither an object nor a list");
  if (document->is_object() && !ChangeFields(*document, actions))
    return std::optional<std::string>();
  return std::optional<std::string>(DumpJson(*document));
}

Changed ChangeMultipart(std::string_view body, std::string_view content_type,
                        const WantedActions& actions) {
  MultipartForm form(body, content_type);
  bool changed = false;
  if (!body.empty()) {
    for (const Wanted& rule : actions.rename) {
      if (!form.Has(rule.name) || !rule.value) continue;
      const std::string value = form.Value(rule.name);
      form.Set(*rule.value, value);
      if (*rule.value != rule.name) form.Remove(rule.name);
      changed = true;
    }
    for (const Wanted& rule : actions.remove) form.Remove(rule.name);
    changed = changed || !actions.remove.empty();
    for (const Wanted& rule : actions.replace) {
      if (!form.Has(rule.name)) continue;
      form.Remove(rule.name);
      form.Set(rule.name, rule.value.value_or(""));
      changed = true;
    }
  }
  for (const Wanted& rule : actions.add) {
    if (form.Has(rule.name)) continue;
    form.Set(rule.name, rule.value.value_or(""));
    changed = true;
  }
  if (!changed) return std::optional<std::string>();
  return std::optional<std::string>(form.Text());
}

}  // namespace

BodyKind BodyKindOf(std::string_view content_type) {
  const std::string type = ToLower(content_type);
  if (type.find("application/json") != std::string::npos) return BodyKind::kJson;
  if (type.find("multipart/form-data") != std::string::npos) return BodyKind::kMultipart;
  if (type.find("application/x-www-form-urlencoded") != std::string::npos) return BodyKind::kForm;
  return BodyKind::kOther;
}

Changed ChangeBody(std::string_view body, std::string_view content_type,
                   const WantedActions& actions) {
  switch (BodyKindOf(content_type)) {
    case BodyKind::kForm:
      return ChangeForm(body, actions);
    case BodyKind::kJson:
      return ChangeJson(body, actions);
    case BodyKind::kMultipart:
      return ChangeMultipart(body, content_type, actions);
    case BodyKind::kOther:
      break;
  }
  return std::optional<std::string>();
}

}  // namespace silverback::plugins
