#include "store/declarative/ids.h"

#include "util/string_util.h"

namespace silverback::store::declarative {
namespace {

using schema::Field;
using schema::FieldType;
using schema::Schema;

// Kong's namespace of all kinds of entities.
constexpr std::string_view kEntities = "fd02801f-0957-4a15-a55a-c8d9606f30b5";

std::string ScalarText(const Json& value) {
  return value.is_string() ? value.get<std::string>() : DumpJson(value);
}

// A key that is unique below one parent only: the parent goes into it.
std::string WithParents(const Schema& schema, const Json& item, std::string key,
                        std::string_view parent_id) {
  for (const Field& field : schema.fields()) {
    if (field.type != FieldType::kForeign || field.on_delete != "cascade") continue;
    key += ':';
    if (!parent_id.empty()) {
      key += parent_id;
    } else if (const Json* given = FindMember(item, field.name)) {
      key += given->is_object() ? StringMember(*given, "id") : ScalarText(*given);
    }
  }
  return key;
}

std::optional<std::string> CompositeKey(const Schema& schema, const Json& item,
                                        std::string_view parent_field, std::string_view parent_id) {
  std::string key = schema.name();
  for (const std::string& name : schema.cache_key()) {
    const Field* field = schema.FindField(name);
    if (!field || field->is_auto) return std::nullopt;
    const Json* value = FindMember(item, name);
    if (value && value->is_string()) {
      key += ':' + value->get_ref<const std::string&>();
    } else if (!value && name == parent_field) {
      key += ':';
      key += parent_id;
    } else if (!value) {
      if (field->required) return std::nullopt;
      key += ':';
    }
    // Anything else has no part in the key, as in Kong.
  }
  return key;
}

}  // namespace

std::optional<std::string> IdentifyingKey(const Schema& schema, const Json& item,
                                          std::string_view parent_field,
                                          std::string_view parent_id) {
  const Field* primary = schema.FindField(schema.primary_key());
  if (!primary || !primary->uuid) return std::nullopt;
  const std::string& endpoint = schema.endpoint_key();
  if (!endpoint.empty()) {
    const Json* value = FindMember(item, endpoint);
    if (value && value->is_primitive() && !value->is_null()) {
      const Field* field = schema.FindField(endpoint);
      std::string key = ScalarText(*value);
      if (field && field->unique) return key;
      return WithParents(schema, item, std::move(key), parent_id);
    }
  }
  if (schema.cache_key().empty()) return std::nullopt;
  return CompositeKey(schema, item, parent_field, parent_id);
}

std::string IdsOf(const Schema& schema) { return UuidV5(kEntities, schema.name()); }

std::string DeterminedId(std::string_view ids_of_kind, std::string_view key) {
  return UuidV5(ids_of_kind, key);
}

}  // namespace silverback::store::declarative
