#include "schema/process.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "schema/validate.h"
#include "util/string_util.h"

namespace silverback::schema {
namespace {

bool IsSchemeCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '+' || c == '-' || c == '.';
}

// Takes "scheme:" off `url`.
std::optional<std::string> TakeScheme(std::string& url) {
  const size_t colon = url.find(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  const std::string scheme = url.substr(0, colon);
  if (!std::isalnum(static_cast<unsigned char>(scheme[0])) ||
      !std::all_of(scheme.begin(), scheme.end(), IsSchemeCharacter)) {
    return std::nullopt;
  }
  url.erase(0, colon + 1);
  return ToLower(scheme);
}

// "user@host:port" into host and port; what is not there stays unset.
void SetAuthority(std::string authority, Json& members) {
  if (const size_t user = authority.find('@'); user != std::string::npos)
    authority.erase(0, user + 1);
  const size_t colon = authority.rfind(':');
  if (colon != std::string::npos && authority.find(']', colon) == std::string::npos) {
    const std::string digits = authority.substr(colon + 1);
    if (!digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos &&
        digits.size() < 10) {
      members["port"] = std::stoll(digits);
    }
    authority.erase(colon);
  }
  if (!authority.empty()) members["host"] = authority;
}

// "http://host:port/path" into the members of a service. A text without a scheme or host has the
// rest only, and the checks of the fields say what is missing.
Json ServiceMembersOfUrl(std::string url) {
  Json members = {{"host", nullptr}, {"path", nullptr}};
  if (const size_t fragment = url.find('#'); fragment != std::string::npos) url.erase(fragment);
  if (const auto scheme = TakeScheme(url)) {
    members["protocol"] = *scheme;
    if (*scheme == "https" || *scheme == "tls" || *scheme == "grpcs") members["port"] = 443;
    if (*scheme == "http") members["port"] = 80;
  }
  if (url.starts_with("//")) {
    const size_t end = std::min(url.find('/', 2), url.size());
    SetAuthority(url.substr(2, end - 2), members);
    url.erase(0, end);
  }
  if (const size_t query = url.find_first_of("?;"); query != std::string::npos) url.erase(query);
  if (!url.empty()) members["path"] = url;
  return members;
}

void FillGenerated(const Field& field, Json& record, Operation operation,
                   const AutoValues& values) {
  const bool creating = operation != Operation::kUpdate;
  const bool missing = !record.contains(field.name) || record[field.name].is_null();
  if (field.timestamp) {
    // A declarative document may say when a row was changed; everything else changes it now.
    const bool changes = field.name == "updated_at" && operation != Operation::kDeclarative;
    if (changes || (creating && missing)) {
      record[field.name] =
          field.type == FieldType::kNumber ? Json(values.now_millis()) : Json(values.now_seconds());
    }
  } else if (creating && missing && field.uuid) {
    record[field.name] = values.new_uuid();
  } else if (creating && !record.contains(field.name) && field.type == FieldType::kString) {
    record[field.name] = values.new_key();
  }
}

Json WithoutRepeats(const Json& list) {
  Json out = Json::array();
  for (const Json& item : list) {
    if (std::find(out.begin(), out.end(), item) == out.end()) out.push_back(item);
  }
  return out;
}

// Below a map nothing tells an empty list from an empty map.
void ForgetEmptyLists(Json& map) {
  for (Json& value : map) {
    if (value.is_array() && value.empty()) value = Json::object();
  }
}

// The default of a field that is absent. "default_when": [FIELD, VALUES, DEFAULT] gives another one
// to records whose list FIELD holds one of VALUES.
Json DefaultOf(const Field& field, const Json& record) {
  if (const Json* when = FindMember(field.definition, "default_when")) {
    const Json* list = FindMember(record, when->at(0).get<std::string>());
    const Json& holds = when->at(1);
    const bool held = list != nullptr && list->is_array() &&
                      std::any_of(list->begin(), list->end(), [&](const Json& item) {
                        return std::find(holds.begin(), holds.end(), item) != holds.end();
                      });
    if (held) return when->at(2);
  }
  if (field.has_default) return field.default_value;
  return field.type == FieldType::kRecord && field.required ? Json::object() : Json();
}

}  // namespace

void ExpandShorthands(const std::vector<Field>& shorthands, Json& record, Json& errors) {
  if (!record.is_object()) return;
  for (const Field& shorthand : shorthands) {
    const auto given = record.find(shorthand.name);
    if (given == record.end()) continue;
    const Json value = *given;
    if (Json error = ValidateField(shorthand, value, {}); !error.is_null()) {
      errors[shorthand.name] = std::move(error);
      record.erase(shorthand.name);
      continue;
    }
    record.erase(shorthand.name);
    const std::string target = StringMember(shorthand.definition, "derive");
    if (target != "url") {
      if (!record.contains(target)) record[target] = value;
    } else {
      // What null is to Lua's tostring.
      record.update(
          ServiceMembersOfUrl(value.is_string() ? value.get<std::string>() : "userdata: NULL"));
    }
  }
}

void ApplyConsequences(const Json* rules, Json& row) {
  if (rules == nullptr) return;
  const auto among = [](const Json& values, const Json& value) {
    return std::find(values.begin(), values.end(), value) != values.end();
  };
  for (const Json& rule : *rules) {
    if (!among(rule["if_in"], row[rule["if_field"].get<std::string>()])) continue;
    Json& member = row[rule["field"].get<std::string>()];
    const Json* instead_of = FindMember(rule, "instead_of");
    if (instead_of == nullptr || among(*instead_of, member)) member = rule["value"];
  }
}

void FillFields(const std::vector<Field>& fields, Json& record, Operation operation,
                const AutoValues& values) {
  for (const Field& field : fields) {
    if (field.is_auto) FillGenerated(field, record, operation, values);
    const bool present = record.contains(field.name);
    if (!present && operation == Operation::kUpdate) continue;
    if (!present) record[field.name] = DefaultOf(field, record);
    Json& value = record[field.name];
    if (field.type == FieldType::kRecord && value.is_array() && value.empty())
      value = Json::object();
    // A reference is its key, whatever else a client says of the entity.
    if (field.type == FieldType::kForeign && value.is_object() && value.size() > 1 &&
        value.contains("id")) {
      value = Json{{"id", value["id"]}};
    }
    if (field.type == FieldType::kRecord && value.is_object())
      FillFields(field.fields, value, operation, values);
    if ((field.type == FieldType::kArray || field.type == FieldType::kSet) && value.is_object() &&
        value.empty()) {
      value = Json::array();
    }
    if (field.type == FieldType::kSet && value.is_array()) value = WithoutRepeats(value);
    if (field.type == FieldType::kMap && value.is_object()) ForgetEmptyLists(value);
    if (!value.is_structured() || !value.is_array() || !field.elements) continue;
    for (Json& item : value) {
      if (field.elements->type != FieldType::kRecord || !item.is_object()) continue;
      // Elements are always whole records, also in an update.
      FillFields(field.elements->fields, item, Operation::kInsert, values);
    }
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

}  // namespace silverback::schema
