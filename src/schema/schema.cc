#include "schema/schema.h"

#include <atomic>
#include <cmath>

#include "schema/field_parser.h"
#include "schema/messages.h"
#include "schema/process.h"
#include "schema/validate.h"
#include "util/string_util.h"

namespace silverback::schema {
namespace {

constexpr double kLongestTtl = 100000000;

// Rows that are made within one millisecond keep their order.
double EverLaterMillis() {
  static std::atomic<int64_t> last{0};
  const auto now = static_cast<int64_t>(std::llround(NowWithMillis() * 1000));
  int64_t before = last.load();
  int64_t given = 0;
  do {
    // A clock that is set back is followed.
    given = now <= before && before < now + 1000 ? before + 1 : now;
  } while (!last.compare_exchange_weak(before, given));
  return static_cast<double>(given) / 1000;
}

std::string NewKey() {
  constexpr char kCharacters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::string key;
  while (key.size() < 32) {
    for (const char byte : RandomBytes(48)) {
      const auto index = static_cast<unsigned char>(byte) & 63;
      if (index < 62 && key.size() < 32) key += kCharacters[index];
    }
  }
  return key;
}

Json TakeTtl(Json& input, Json& errors) {
  const auto found = input.find("ttl");
  if (found == input.end()) return nullptr;
  const Json ttl = *found;
  input.erase("ttl");
  if (ttl.is_null()) return ttl;
  if (!ttl.is_number_integer()) {
    errors["ttl"] = "expected an integer";
  } else if (ttl < 0 || ttl > kLongestTtl) {
    errors["ttl"] = "value should be between 0 and 100000000";
  }
  return ttl;
}

Error Violation(Json errors) {
  std::string message = ViolationMessage(errors);
  return Error(ErrorCode::kSchemaViolation, std::move(message), std::move(errors));
}

}  // namespace

const AutoValues& AutoValues::System() {
  static const AutoValues kSystem = {NowSeconds, EverLaterMillis, silverback::NewUuid, NewKey};
  return kSystem;
}

Schema::Schema() { root_.type = FieldType::kRecord; }
Schema::~Schema() = default;

Result<std::unique_ptr<Schema>> Schema::Parse(const Json& definition) {
  std::unique_ptr<Schema> schema(new Schema);
  schema->definition_ = definition;
  schema->name_ = StringMember(definition, "name");
  schema->endpoint_key_ = StringMember(definition, "endpoint_key");
  const Json* primary = FindMember(definition, "primary_key");
  schema->primary_key_ =
      primary && primary->is_array() && !primary->empty() ? (*primary)[0].get<std::string>() : "id";
  if (const Json* key = FindMember(definition, "cache_key"))
    schema->cache_key_ = key->get<std::vector<std::string>>();
  schema->has_ttl_ = BoolMember(definition, "ttl");
  schema->workspaceable_ = BoolMember(definition, "workspaceable");
  Json root = {{"type", "record"}};
  for (const char* key :
       {"fields", "shorthand_fields", "entity_checks", "hidden_entity_checks", "check"}) {
    if (const Json* value = FindMember(definition, key)) root[key] = *value;
  }
  auto parsed = ParseField("", root);
  if (!parsed) return parsed.error();
  schema->root_ = std::move(*parsed);
  schema->shown_ = {{"fields", ShownForm(definition.value("fields", Json::array()))}};
  for (const char* key : {"entity_checks", "shorthand_fields"}) {
    const Json* value = FindMember(definition, key);
    if (!value) continue;
    Json shown = ShownForm(*value);
    if (!shown.empty()) schema->shown_[key] = std::move(shown);
  }
  return schema;
}

const Field* Schema::FindField(std::string_view name) const {
  for (const Field& field : root_.fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

const Schema* Schema::SubschemaFor(const Json& record) const {
  if (!subschemas_) return nullptr;
  const Json* name = FindMember(record, "name");
  return name && name->is_string() ? subschemas_(name->get_ref<const std::string&>()) : nullptr;
}

std::vector<Field> Schema::FieldsFor(const Schema* subschema) const {
  // A plugin's schema stands in for the fields of the same name: config, protocols, and which
  // entities it may be bound to.
  auto parsed = ParseFields(definition_.at("fields"));
  std::vector<Field> fields = std::move(*parsed);
  if (!subschema) return fields;
  auto own = ParseFields(subschema->definition_.at("fields"));
  for (Field& field : *own) {
    const auto base = std::find_if(fields.begin(), fields.end(),
                                   [&](const Field& f) { return f.name == field.name; });
    if (base == fields.end()) continue;
    if (field.type == FieldType::kForeign) field.on_delete = base->on_delete;
    *base = std::move(field);
  }
  return fields;
}

Result<Json> Schema::Process(Json input, Operation operation, const Json* current,
                             const AutoValues& values) const {
  if (!input.is_object()) input = Json::object();
  Json errors = Json::object();
  Json ttl = has_ttl_ ? TakeTtl(input, errors) : Json();
  const bool has_ttl_value = !ttl.is_null();

  // Plugins: which one decides what the rest must look like. The name comes from the stored row in
  // an update.
  const Json& named = input.contains("name") || !current ? input : *current;
  const Schema* subschema = SubschemaFor(named);
  if (subschemas_ && !subschema) UnknownSubschema(named, errors);
  const auto merged = subschemas_ ? CachedFields(subschema) : nullptr;
  const std::vector<Field>& fields = merged ? *merged : root_.fields;

  ExpandShorthands(root_.shorthands, input, errors);
  for (const Field& field : fields) {
    if (!field.shorthands.empty() && input.contains(field.name)) {
      Json nested = Json::object();
      ExpandShorthands(field.shorthands, input[field.name], nested);
      if (!nested.empty()) errors[field.name] = std::move(nested);
    }
  }
  FillFields(fields, input, operation, values);
  Json row = current ? MergeRecords(fields, input, *current) : std::move(input);
  ApplyConsequences(FindMember(definition_, "consequences"), row);

  const ValidateContext context{current != nullptr, &subschemas_};
  Json found = ValidateRecord(fields, nullptr, row, context);
  if (subschemas_ && !subschema) DropConfigErrors(found);
  if (found.is_object()) {
    for (auto& [key, error] : found.items()) {
      if (!errors.contains(key)) errors[key] = std::move(error);
    }
  }
  CheckImmutable(fields, row, current, errors);
  RunEntityChecks(root_.entity_checks, fields, row, context, errors);
  if (subschema) RunEntityChecks(subschema->root_.entity_checks, fields, row, context, errors);
  if (!errors.empty()) return Violation(std::move(errors));
  if (has_ttl_value) row["ttl"] = std::move(ttl);
  return row;
}

std::shared_ptr<const std::vector<Field>> Schema::CachedFields(const Schema* subschema) const {
  const std::scoped_lock lock(cache_->mutex);
  auto& entry = cache_->fields[subschema];
  if (!entry) entry = std::make_shared<const std::vector<Field>>(FieldsFor(subschema));
  return entry;
}

void Schema::UnknownSubschema(const Json& record, Json& errors) const {
  const Json* name = FindMember(record, "name");
  if (!name || !name->is_string() || name->get_ref<const std::string&>().empty()) return;
  errors["name"] = "plugin '" + name->get<std::string>() +
                   "' not enabled; add it to the 'plugins' configuration property";
}

void Schema::DropConfigErrors(Json& errors) const {
  if (errors.is_object()) errors.erase("config");
}

void Schema::CheckImmutable(const std::vector<Field>& fields, const Json& row, const Json* current,
                            Json& errors) const {
  if (!current) return;
  for (const Field& field : fields) {
    if (field.immutable && ValueAt(row, field.name) != ValueAt(*current, field.name)) {
      errors[field.name] = "immutable field cannot be updated";
    }
  }
}

Result<Json> Schema::CheckInsert(Json input, const AutoValues& values) const {
  return Process(std::move(input), Operation::kInsert, nullptr, values);
}

Result<Json> Schema::CheckUpsert(Json input, const AutoValues& values) const {
  return Process(std::move(input), Operation::kUpsert, nullptr, values);
}

Result<Json> Schema::CheckUpdate(Json patch, const Json& current, const AutoValues& values) const {
  return Process(std::move(patch), Operation::kUpdate, &current, values);
}

Result<Json> Schema::CheckDeclarative(Json input, const AutoValues& values) const {
  return Process(std::move(input), Operation::kDeclarative, nullptr, values);
}

Json Schema::Present(const Json& row) const {
  Json shown = Json::object();
  for (const Field& field : root_.fields) {
    const Json* value = FindMember(row, field.name);
    shown[field.name] = value ? *value : Json();
  }
  return shown;
}

std::string Schema::CacheKey(const Json& row, std::string_view workspace) const {
  constexpr size_t kParts = 5;
  if (cache_key_.size() < 2) return "";
  std::string key = name_;
  for (size_t i = 0; i < kParts; ++i) {
    key += ':';
    if (i >= cache_key_.size()) continue;
    const Json& value = ValueAt(row, cache_key_[i]);
    if (value.is_object()) {
      key += StringMember(value, "id");
    } else if (value.is_string()) {
      key += value.get_ref<const std::string&>();
    } else if (!value.is_null()) {
      key += DumpJson(value);
    }
  }
  key += ':';
  return key += workspace;
}

}  // namespace silverback::schema
