#include "schema/schema.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <iterator>

#include "schema/field_parser.h"
#include "schema/messages.h"
#include "schema/process.h"
#include "schema/validate.h"
#include "util/string_util.h"

namespace silverback::schema {
namespace {

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

constexpr double kLongestTtl = 100000000;

// Takes out the seconds that a declarative row has to live.
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

Json ImmutableErrors(const std::vector<Field>& fields, const Json& input, const Json& current) {
  Json errors = Json::object();
  for (const Field& field : fields) {
    const Json* given = FindMember(input, field.name);
    if (field.immutable && given && *given != ValueAt(current, field.name))
      errors[field.name] = "immutable field cannot be updated";
  }
  return errors;
}

// Whether all of what a computation takes was sent: from the client when the stored values that it
// also takes change, in all other cases together with them.
void CheckTransformation(const Json& rule, const Json& row, const Json& given, const Json* current,
                         Json& errors) {
  const Json& inputs = rule["input"];
  const Json& needs = rule["needs"];
  const auto is_given = [&](const Json& name) {
    return IsNonEmpty(ValueAt(given, name.get_ref<const std::string&>()));
  };
  const bool any_input = std::any_of(inputs.begin(), inputs.end(), is_given);
  const bool needs_change = current && std::any_of(needs.begin(), needs.end(), [&](const Json& n) {
                              const auto& name = n.get_ref<const std::string&>();
                              return ValueAt(given, name) != ValueAt(*current, name);
                            });
  if (!any_input && !needs_change) return;
  Json all = inputs;
  all.insert(all.end(), needs.begin(), needs.end());
  const Json& source = needs_change ? given : row;
  const auto count = std::count_if(all.begin(), all.end(), [&](const Json& name) {
    return IsNonEmpty(ValueAt(source, name.get_ref<const std::string&>()));
  });
  if (count == 0 || count == static_cast<int64_t>(all.size())) return;
  errors["@entity"].push_back("all or none of these fields must be set: " + QuotedNames(all));
}

// A row refers to others by their id alone, whatever else was sent of them.
void KeepReferences(const std::vector<Field>& fields, Json& row) {
  for (const Field& field : fields) {
    if (field.type != FieldType::kForeign) continue;
    const auto member = row.find(field.name);
    if (member == row.end() || !member->is_object() || member->size() < 2) continue;
    if (const Json* id = FindMember(*member, "id")) *member = Json{{"id", *id}};
  }
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
  auto schema = ParseKind(definition);
  if (!schema) return schema.error();
  if (Status kinds = (*schema)->ParseSubschemas(); !kinds) return kinds.error();
  // Rules are made ready again with the fields of each kind; what is wrong with them shows here.
  if (auto view = (*schema)->MakeView(nullptr); !view) return view.error();
  return schema;
}

Result<std::unique_ptr<Schema>> Schema::ParseKind(const Json& definition) {
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
  schema->subschema_key_ = StringMember(definition, "subschema_key");
  schema->subschema_error_ = StringMember(definition, "subschema_error", "unknown type: %s");
  Json root = {{"type", "record"}};
  for (const char* key : {"fields", "shorthand_fields"}) {
    if (const Json* value = FindMember(definition, key)) root[key] = *value;
  }
  auto parsed = ParseField("", root);
  if (!parsed) return parsed.error();
  schema->root_ = std::move(*parsed);
  if (const std::string settle = StringMember(definition, "settle"); !settle.empty()) {
    schema->settle_ = FindSettle(settle);
    if (!schema->settle_) return Error(ErrorCode::kInternal, "schema: nothing settles " + settle);
  }
  schema->shown_ = {{"fields", ShownForm(definition.value("fields", Json::array()))}};
  for (const char* key : {"entity_checks", "shorthand_fields"}) {
    const Json* value = FindMember(definition, key);
    if (!value) continue;
    Json shown = ShownForm(*value);
    if (!shown.empty()) schema->shown_[key] = std::move(shown);
  }
  return schema;
}

Status Schema::ParseSubschemas() {
  const Json* list = FindMember(definition_, "subschemas");
  if (list == nullptr) return Ok();
  for (const Json& item : *list) {
    auto parsed = ParseKind(item);
    if (!parsed) return parsed.error();
    if (auto view = MakeView(parsed->get()); !view) return view.error();
    for (const Json& kind : item.at("for")) own_by_kind_[kind.get<std::string>()] = parsed->get();
    own_subschemas_.push_back(*std::move(parsed));
  }
  subschemas_ = [this](std::string_view kind) -> const Schema* {
    const auto found = own_by_kind_.find(kind);
    return found == own_by_kind_.end() ? nullptr : found->second;
  };
  return Ok();
}

const Field* Schema::FindField(std::string_view name) const {
  for (const Field& field : root_.fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

const Schema* Schema::SubschemaFor(const Json& record) const {
  if (!subschemas_) return nullptr;
  const Json* kind = FindMember(record, subschema_key_);
  if (kind == nullptr) return nullptr;
  if (kind->is_string()) return subschemas_(kind->get_ref<const std::string&>());
  if (!kind->is_array()) return nullptr;
  for (const Json& each : *kind) {
    if (!each.is_string()) continue;
    if (const Schema* found = subschemas_(each.get_ref<const std::string&>())) return found;
  }
  return nullptr;
}

Result<Schema::View> Schema::MakeView(const Schema* subschema) const {
  // A kind's own fields stand in for those of the same name: what a plugin's configuration looks
  // like, and which entities it may be bound to.
  View view;
  auto fields = ParseFields(definition_.value("fields", Json::array()));
  if (!fields) return fields.error();
  view.fields = *std::move(fields);
  if (subschema) {
    auto own = ParseFields(subschema->definition_.value("fields", Json::array()));
    if (!own) return own.error();
    for (Field& field : *own) {
      const auto base = std::find_if(view.fields.begin(), view.fields.end(),
                                     [&](const Field& f) { return f.name == field.name; });
      if (base == view.fields.end()) continue;
      if (field.type == FieldType::kForeign) field.on_delete = base->on_delete;
      *base = std::move(field);
    }
  }
  for (const Schema* source : {this, subschema}) {
    if (source == nullptr) continue;
    auto checks = ParseChecks(source->definition_, view.fields);
    if (!checks) return checks.error();
    std::move(checks->begin(), checks->end(), std::back_inserter(view.checks));
  }
  return view;
}

std::shared_ptr<const Schema::View> Schema::ViewFor(const Json& record) const {
  const Schema* subschema = SubschemaFor(record);
  const std::scoped_lock lock(cache_->mutex);
  auto& entry = cache_->views[subschema];
  if (!entry) {
    auto view = MakeView(subschema);  // parsed once before: there is no error
    entry = std::make_shared<const View>(view ? *std::move(view) : View());
  }
  return entry;
}

void Schema::Settle(Json& row) const {
  if (settle_) settle_(row);
}

Result<Json> Schema::Process(Json input, Operation operation, const Json* current,
                             const AutoValues& values) const {
  if (!input.is_object()) input = Json::object();
  Json errors = Json::object();
  const Json ttl =
      operation == Operation::kDeclarative && has_ttl_ ? TakeTtl(input, errors) : Json();
  const Json given = definition_.contains("transformations") ? input : Json();
  const auto input_view = ViewFor(input);
  const auto dropped = ExpandAll(input_view->fields, input, errors);
  if (!errors.empty()) return Violation(std::move(errors));
  KeepReferences(root_.fields, input);
  Settle(input);
  FillFields(input_view->fields, input, operation, values);
  for (const std::string& name : dropped) input.erase(name);
  if (current) {
    errors = ImmutableErrors(input_view->fields, input, *current);
    if (!errors.empty()) return Violation(std::move(errors));
    input = MergeRecords(ViewFor(*current)->fields, input, *current);
  }
  if (has_kinds()) errors = UnknownKind(input);
  if (errors.empty()) errors = Violations(*ViewFor(input), input, given, current);
  if (!errors.empty()) return Violation(std::move(errors));
  if (!dropped.empty()) FillFields(input_view->fields, input, operation, values);
  KeepReferences(root_.fields, input);
  Settle(input);
  if (!ttl.is_null()) input["ttl"] = ttl;
  return input;
}

// Puts what shorthands stand for in their place. As in Kong, a record within with a bad shorthand
// counts as not given: their names.
std::vector<std::string> Schema::ExpandAll(const std::vector<Field>& fields, Json& input,
                                           Json& errors) const {
  std::vector<std::string> dropped;
  ExpandShorthands(root_.shorthands, input, errors);
  for (const Field& field : fields) {
    const auto member = input.find(field.name);
    if (field.shorthands.empty() || member == input.end()) continue;
    Json bad = Json::object();
    ExpandShorthands(field.shorthands, *member, bad);
    if (bad.empty()) continue;
    input.erase(member);
    dropped.push_back(field.name);
  }
  return dropped;
}

// Nothing more can be said of a row of an unknown kind.
Json Schema::UnknownKind(const Json& row) const {
  const Json* kind = FindMember(row, subschema_key_);
  if (!kind || kind->is_null()) return {{subschema_key_, "required field missing"}};
  if (SubschemaFor(row)) return Json::object();
  if (!kind->is_structured() && !kind->is_string())
    return {{subschema_key_, CheckField(subschema_key_, *kind)}};
  // Of several the first is named; an object has none.
  const bool has_first = kind->is_array() && !kind->empty();
  const Json first = has_first ? kind->front() : kind->is_string() ? *kind : Json("nil");
  const std::string shown = first.is_string() ? first.get<std::string>() : DumpJson(first);
  return {{subschema_key_, ReplaceAll(subschema_error_, "%s", shown)}};
}

Json Schema::Violations(const View& view, const Json& row, const Json& given,
                        const Json* current) const {
  Json errors = ValidateRecord(view.fields, view.checks, row, {current != nullptr, &entities_});
  if (errors.is_null()) errors = Json::object();
  if (const Json* rules = FindMember(definition_, "transformations")) {
    for (const Json& rule : *rules) CheckTransformation(rule, row, given, current, errors);
  }
  return errors;
}

Json Schema::CheckGiven(const Json& given, bool updating) const {
  if (has_kinds()) {
    if (Json unknown = UnknownKind(given); !unknown.empty()) return unknown;
  }
  const auto view = ViewFor(given);
  return ValidateRecord(view->fields, view->checks, given, {updating, &entities_, true});
}

Json Schema::CheckField(std::string_view name, const Json& value) const {
  const Field* field = FindField(name);
  return field ? ValidateField(*field, value, {}) : Json("unknown field");
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
  Json shown = has_kinds() ? ReadRecord(ViewFor(row)->fields, row) : ReadRecord(root_.fields, row);
  Settle(shown);
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
