#include "store/sql/table.h"

namespace silverback::store::sql {
namespace {

using schema::Field;
using schema::FieldType;

Kind ListKind(const Field& field) {
  const Field* element = field.elements.get();
  if (!element) return Kind::kTextArray;
  switch (element->type) {
    case FieldType::kString:
      return element->uuid ? Kind::kUuidArray : Kind::kTextArray;
    case FieldType::kForeign:
      return Kind::kUuidArray;
    case FieldType::kInteger:
    case FieldType::kNumber:
    case FieldType::kBoolean:
      return Kind::kTextArray;
    default:
      return Kind::kJsonArray;
  }
}

Kind KindOf(const Field& field) {
  switch (field.type) {
    case FieldType::kForeign:
      return Kind::kUuid;
    case FieldType::kInteger:
      return field.timestamp ? Kind::kTimestamp : Kind::kInteger;
    case FieldType::kNumber:
      return field.timestamp ? Kind::kTimestamp : Kind::kNumber;
    case FieldType::kBoolean:
      return Kind::kBoolean;
    case FieldType::kArray:
    case FieldType::kSet:
      return ListKind(field);
    case FieldType::kMap:
    case FieldType::kRecord:
    case FieldType::kJson:
    case FieldType::kAny:
      return Kind::kJson;
    default:
      return field.uuid ? Kind::kUuid : Kind::kText;
  }
}

Column FieldColumn(const Field& field) {
  Column column;
  column.name = field.type == FieldType::kForeign ? field.name + "_id" : field.name;
  column.kind = KindOf(field);
  column.field = &field;
  column.integral = field.type == FieldType::kInteger;
  return column;
}

}  // namespace

Table::Table(const schema::Schema& of)
    : schema(&of),
      name(of.name()),
      primary_key(of.primary_key()),
      has_ws_id(of.workspaceable()),
      has_ttl(of.has_ttl()),
      has_cache_key(of.cache_key().size() > 1) {
  for (const Field& field : of.fields()) {
    if (field.type == FieldType::kFunction) continue;
    columns.push_back(FieldColumn(field));
    if (field.name == "tags") has_tags = true;
  }
  if (has_ws_id && !FindColumn("ws_id")) columns.push_back({"ws_id", Kind::kUuid, nullptr, false});
  if (has_ttl && !FindColumn("ttl")) columns.push_back({"ttl", Kind::kTimestamp, nullptr, false});
  if (has_cache_key) columns.push_back({"cache_key", Kind::kText, nullptr, false});
}

const Column* Table::FindColumn(std::string_view column) const {
  for (const Column& each : columns) {
    if (each.name == column) return &each;
  }
  return nullptr;
}

const Column* Table::FindMemberColumn(std::string_view member) const {
  for (const Column& each : columns) {
    if (each.member() == member) return &each;
  }
  return FindColumn(member);
}

bool IsStored(const schema::Schema& schema) {
  // Not configuration: Store::CountUsage has them.
  if (BoolMember(schema.definition(), "counters")) return false;
  const Json* keys = FindMember(schema.definition(), "primary_key");
  if (keys && keys->is_array() && keys->size() != 1) return false;
  return schema.name() != "tags" && schema.FindField(schema.primary_key()) != nullptr;
}

Json UniqueFields(const Table& table, std::string_view column, const Json& row) {
  const auto value = [&](const std::string& member) {
    const Json* found = FindMember(row, member);
    return found ? *found : Json(nullptr);
  };
  Json fields = Json::object();
  if (column == "cache_key") {
    for (const std::string& member : table.schema->cache_key()) fields[member] = value(member);
    return fields;
  }
  const Column* found = table.FindMemberColumn(column);
  const std::string member = found ? found->member() : std::string(column);
  fields[member] = value(member);
  return fields;
}

}  // namespace silverback::store::sql
