#include "schema/process.h"

#include <algorithm>
#include <optional>

#include "schema/url.h"
#include "schema/validate.h"
#include "util/string_util.h"

namespace silverback::schema {
namespace {

std::optional<int64_t> PortNumber(const std::string& digits) {
  if (digits.empty() || digits.size() > 9) return std::nullopt;
  if (digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  return std::stoll(digits);
}

// "http://host:port/path" into the members of a service. A text without a scheme or host has the
// rest only, and the checks of the fields say what is missing.
Json ServiceMembersOfUrl(const std::string& text) {
  const Url url = ParseUrl(text);
  Json members = {{"host", nullptr}, {"path", nullptr}};
  const std::string scheme = ToLower(url.scheme.value_or(""));
  if (url.scheme) members["protocol"] = scheme;
  if (scheme == "https") members["port"] = 443;
  if (scheme == "http") members["port"] = 80;
  if (url.port) {
    if (const auto port = PortNumber(*url.port)) members["port"] = *port;
  }
  // Without a scheme, the port says it.
  if (!url.scheme && NumberMember(members, "port") == 443) members["protocol"] = "https";
  if (!url.host.empty()) members["host"] = url.host;
  if (!url.path.empty()) members["path"] = url.path;
  return members;
}

void FillGenerated(const Field& field, Json& record, Operation operation,
                   const AutoValues& values) {
  const bool creating = operation != Operation::kUpdate;
  const Json* given = FindMember(record, field.name);
  const bool missing = !given || given->is_null();
  if (field.timestamp) {
    // A declarative document may say when a row was changed; everything else changes it now.
    const bool changes = field.name == "updated_at" && operation != Operation::kDeclarative;
    if (changes || (creating && missing)) {
      record[field.name] =
          field.type == FieldType::kNumber ? Json(values.now_millis()) : Json(values.now_seconds());
    }
  } else if (creating && missing && field.uuid) {
    record[field.name] = values.new_uuid();
  } else if (creating && !given && field.type == FieldType::kString) {
    record[field.name] = values.new_key();
  }
}

// Texts and numbers count once in a set; records are told apart by what they are, not what they
// say.
void RemoveRepeats(Json& list) {
  for (size_t i = 1; i < list.size();) {
    const auto here = list.begin() + static_cast<ptrdiff_t>(i);
    const bool again = !here->is_structured() && std::find(list.begin(), here, *here) != here;
    if (again) {
      list.erase(here);
    } else {
      ++i;
    }
  }
}

// What stands in for a value that is not there.
Json Absent(const Field& field) {
  if (field.has_default) return field.default_value;
  const bool has_inner_defaults =
      field.type == FieldType::kRecord && field.required && !field.abstract;
  return has_inner_defaults ? Json::object() : Json();
}

// What must be given is not made null: a rule that looks at it says that it is missing.
bool StaysAbsent(const Field& field) {
  return field.required && !field.has_default && field.type != FieldType::kRecord;
}

// Lists that JSON or an empty form field gave as the other kind of nothing.
void CoerceEmpty(const Field& field, Json& value) {
  if (!value.is_structured() || !value.empty()) return;
  const bool is_list = field.type == FieldType::kArray || field.type == FieldType::kSet;
  const bool is_object = field.type == FieldType::kRecord || field.type == FieldType::kMap;
  if (is_list) value = Json::array();
  if (is_object) value = Json::object();
}

void FillValue(const Field& field, Json& value, Operation operation, const AutoValues& values) {
  if (field.abstract) return;
  CoerceEmpty(field, value);
  if (field.type == FieldType::kRecord && value.is_object()) {
    FillFields(field.fields, value, operation, values);
  } else if (value.is_array() && field.elements) {
    if (field.type == FieldType::kSet) RemoveRepeats(value);
    // Elements are always whole, also in an update.
    for (Json& item : value) FillValue(*field.elements, item, Operation::kInsert, values);
  }
}

// A shorthand that stands for another field: lists are laid over what that one was given.
void Rename(const Json& value, const std::string& field, Json& record) {
  Json& target = record[field];
  if (!target.is_array() || !value.is_array()) {
    target = value;
    return;
  }
  for (size_t i = 0; i < value.size(); ++i) target[i] = value[i];
}

void Translate(const Field& shorthand, const Json& value, Json& record) {
  const std::string meaning = StringMember(shorthand.definition, "derive");
  if (meaning == "url") {
    // What null is to Lua's tostring.
    record.update(
        ServiceMembersOfUrl(value.is_string() ? value.get<std::string>() : "userdata: NULL"));
  } else {
    Rename(value, meaning, record);
  }
}

// Nothing within a map is looked at on its way out: Lua does not know an empty list from an empty
// object, and calls it an object.
void EmptyListsToObjects(Json& value) {
  if (!value.is_structured()) return;
  if (value.empty()) value = Json::object();
  for (Json& item : value) EmptyListsToObjects(item);
}

// What older versions stored under a name that is a shorthand now counts under the new name, unless
// that one says something itself.
Json WithoutFormerNames(const std::vector<Field>& shorthands, const Json& stored) {
  Json record = stored;
  for (const Field& shorthand : shorthands) {
    const auto former = record.find(shorthand.name);
    if (former == record.end()) continue;
    const Json value = *former;
    record.erase(former);
    Json& now = record[StringMember(shorthand.definition, "derive")];
    if (now.is_null() || (now.is_structured() && now.empty())) now = value;
  }
  return record;
}

Json ReadValue(const Field& field, const Json& stored) {
  if (field.type == FieldType::kRecord && stored.is_object() && !field.abstract) {
    const bool has_former = std::any_of(field.shorthands.begin(), field.shorthands.end(),
                                        [&](const Field& f) { return stored.contains(f.name); });
    return ReadRecord(field.fields,
                      has_former ? WithoutFormerNames(field.shorthands, stored) : stored);
  }
  if (!stored.is_structured()) return stored;
  Json value = stored;
  CoerceEmpty(field, value);
  if (field.type == FieldType::kMap) {
    for (Json& item : value) EmptyListsToObjects(item);
  } else if (value.is_array() && field.elements) {
    for (Json& item : value) item = ReadValue(*field.elements, item);
  }
  return value;
}

// An upstream's algorithm follows from what it hashes on; only least-connections is named itself.
void SettleUpstreamAlgorithm(Json& record) {
  const auto algorithm = record.find("algorithm"), hash_on = record.find("hash_on");
  if (algorithm != record.end() && *algorithm == "least-connections") {
    record["hash_on"] = "none";
  } else if (hash_on != record.end() && hash_on->is_string()) {
    record["algorithm"] = *hash_on == "none" ? "round-robin" : "consistent-hashing";
  } else if (hash_on != record.end() && hash_on->is_null()) {
    *hash_on = "none";
  }
}

}  // namespace

SettleFunction FindSettle(std::string_view name) {
  return name == "upstream_algorithm" ? SettleUpstreamAlgorithm : nullptr;
}

void ExpandShorthands(const std::vector<Field>& shorthands, Json& record, Json& errors) {
  if (!record.is_object()) return;
  for (const Field& shorthand : shorthands) {
    const auto given = record.find(shorthand.name);
    if (given == record.end()) continue;
    const Json value = *given;
    record.erase(given);
    Json error = ValidateField(shorthand, value, {});
    if (error.is_null()) {
      Translate(shorthand, value, record);
    } else {
      errors[shorthand.name] = std::move(error);
    }
  }
}

void FillFields(const std::vector<Field>& fields, Json& record, Operation operation,
                const AutoValues& values) {
  for (const Field& field : fields) {
    if (field.is_auto) FillGenerated(field, record, operation, values);
    auto member = record.find(field.name);
    if (member == record.end()) {
      if (operation == Operation::kUpdate || StaysAbsent(field)) continue;
      member = record.emplace(field.name, Absent(field)).first;
    }
    FillValue(field, *member, operation, values);
  }
}

Json MergeRecords(const std::vector<Field>& fields, const Json& patch, const Json& current) {
  if (!patch.is_object() || !current.is_object()) return patch;
  Json merged = current;
  for (const auto& [key, value] : patch.items()) {
    const auto field = std::find_if(fields.begin(), fields.end(),
                                    [&, name = key](const Field& f) { return f.name == name; });
    const bool nested = field != fields.end() && field->type == FieldType::kRecord &&
                        value.is_object() && merged.contains(key) && merged[key].is_object();
    merged[key] = nested ? MergeRecords(field->fields, value, merged[key]) : value;
  }
  return merged;
}

Json ReadRecord(const std::vector<Field>& fields, const Json& stored) {
  Json record = Json::object();
  for (const Field& field : fields) {
    const Json* value = FindMember(stored, field.name);
    const bool missing = !value || (value->is_null() && field.required);
    record[field.name] = ReadValue(field, missing ? Absent(field) : *value);
  }
  return record;
}

}  // namespace silverback::schema
