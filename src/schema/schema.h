// Schema: one engine for entities (services, routes, ...) and plugin configurations. A schema is
// data: JSON in the format that GET /schemas/NAME answers ("fields", "entity_checks",
// "shorthand_fields"), plus keys of ours that are never shown:
//   at the top of an entity: "name", "primary_key" (["id"]), "endpoint_key" ("name"), "cache_key"
//     (["key"] or ["consumer", "group"]), "ttl" (true), "workspaceable" (true), "admin_api_name"
//     ("key-auths"), "admin_api_nested_name" ("key-auth"), "generate_admin_api", "plugin" (who
//     brings the entity)
//   for entities of several kinds: "subschema_key", the field that says which kind a row is;
//     "subschema_error", the message for an unknown one ("%s" is its name); "subschemas", a list of
//     kinds {"for": ["http", "https"], "fields": [...], "hidden_entity_checks": [...]}, unless
//     set_subschemas finds them elsewhere. A kind's fields replace those of the same name.
//   "settle": what makes members of a row agree with each other, whoever wrote it (process.cc)
//   "transformations": fields ("input") that are stored changed, by a computation that also takes
//     others ("needs"): a client must send all of them, or none
//   anywhere: "check": the name of a check in C++ (named_checks.cc, entity_rules.cc) for what
//     Kong's schemas express as a function; "derive": what a shorthand stands for (process.cc).
// Behaviour: ../../doc/architecture.md; messages are those of Kong 2.8's schema library.
//
// Ownership: schemas are immutable after Parse and owned by entity::Catalog; any thread may use
// them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "util/json.h"
#include "util/result.h"

namespace silverback::schema {

enum class FieldType {
  kString,
  kInteger,
  kNumber,
  kBoolean,
  kArray,
  kSet,
  kMap,
  kRecord,
  kForeign,
  kFunction,
  kAny,
  kJson
};

class Schema;
struct Field;
struct EntityCheckKind;

// A rule over several fields of a record, made ready when its schema is parsed.
struct EntityCheck {
  const EntityCheckKind* kind = nullptr;  // "conditional"; null: one that we do not run
  Json argument;
  std::vector<std::string> sources;        // the fields that it looks at, as dotted paths
  std::vector<std::string> referenceable;  // those of them that may refer to a vault
  std::vector<std::string> required;       // those of them without which it says nothing
  // Conditions on a field: what the field's own definition demands, and what the condition adds.
  std::unique_ptr<Field> if_match, then_match, else_match;
};

// A rule for one value ("between": [0, 10]), found once.
struct SimpleCheck {
  Json (*run)(const Json& argument, const Json& value);  // the error, or null
  Json argument;
};

// One field, parsed once. `definition` is its JSON as shown; the members below are what code asks
// for most.
struct Field {
  std::string name;
  FieldType type = FieldType::kAny;
  bool required = false;
  bool unique = false;
  bool unique_across_ws = false;
  bool is_auto = false;
  bool immutable = false;
  bool timestamp = false;
  bool uuid = false;
  bool abstract = false;
  bool referenceable = false;  // a vault may hold its value
  bool must_be_null = false;
  bool has_default = false;
  Json default_value;                      // null with has_default: the default is null
  std::string reference;                   // kForeign: the entity's name
  std::string on_delete;                   // kForeign: "cascade", "null", or "" (restrict)
  std::unique_ptr<Field> elements;         // kArray, kSet
  std::unique_ptr<Field> keys;             // kMap
  std::unique_ptr<Field> values;           // kMap
  std::vector<Field> fields;               // kRecord
  std::vector<Field> shorthands;           // kRecord: accepted on input, translated into fields
  std::vector<EntityCheck> checks;         // kRecord: its own rules
  std::vector<SimpleCheck> simple_checks;  // in the order in which they are tried
  Json definition;
};

// Where generated values come from, so that tests can fix them.
struct AutoValues {
  std::function<int64_t()> now_seconds;
  std::function<double()> now_millis;  // seconds with a fraction, for targets
  std::function<std::string()> new_uuid;
  std::function<std::string()> new_key;  // 32 random characters, for credentials
  static const AutoValues& System();
};

// The operations, as they differ in which defaults are filled and which fields may be left out.
enum class Operation { kInsert, kUpdate, kUpsert, kDeclarative };

class Schema {
 public:
  static Result<std::unique_ptr<Schema>> Parse(const Json& definition);
  ~Schema();

  const std::string& name() const { return name_; }
  const Json& shown() const { return shown_; }            // what GET /schemas/NAME answers
  const Json& definition() const { return definition_; }  // with our keys
  const std::vector<Field>& fields() const { return root_.fields; }
  const Field& root() const { return root_; }
  const Field* FindField(std::string_view name) const;
  const std::string& primary_key() const {
    return primary_key_;
  }  // one field in all entities: "id" (parameters: "key")
  const std::string& endpoint_key() const { return endpoint_key_; }  // "" when there is none
  const std::vector<std::string>& cache_key() const { return cache_key_; }
  bool has_ttl() const { return has_ttl_; }
  bool workspaceable() const { return workspaceable_; }

  // The cache_key column's value of a row ("acls:CONSUMER:GROUP:::WORKSPACE"); "" when the schema
  // has no composite key.
  std::string CacheKey(const Json& row, std::string_view workspace) const;

  // Each takes what a client sent and gives the full row to store, or one Error with every
  // violation in fields(). Absent fields get defaults and generated values; explicit nulls stay
  // null. `workspace` is not part of rows.
  Result<Json> CheckInsert(Json input, const AutoValues& values = AutoValues::System()) const;
  Result<Json> CheckUpsert(Json input, const AutoValues& values = AutoValues::System()) const;
  // `patch` is what the client sent, `current` the stored row: records are merged, arrays and maps
  // replaced.
  Result<Json> CheckUpdate(Json patch, const Json& current,
                           const AutoValues& values = AutoValues::System()) const;
  // For declarative files: as insert; foreign references may be names (resolved by the caller).
  Result<Json> CheckDeclarative(Json input, const AutoValues& values = AutoValues::System()) const;

  // What is wrong with the members that are there, whatever is missing; null: nothing.
  Json CheckGiven(const Json& given, bool updating) const;

  // What is wrong with `value` as that field alone, or null.
  Json CheckField(std::string_view name, const Json& value) const;

  // A stored row as the Admin API shows it, and as everything else should read it: what older
  // versions did not store has its default, what they stored in vain is left out.
  Json Present(const Json& row) const;

  // Where the kinds of a schema with a "subschema_key" are found: plugins, by entity::Catalog.
  using SubschemaLookup = std::function<const Schema*(std::string_view)>;
  void set_subschemas(SubschemaLookup lookup) { subschemas_ = std::move(lookup); }

  // Where the entities are that foreign fields refer to, by name.
  using EntityLookup = std::function<const Schema*(std::string_view)>;
  void set_entities(EntityLookup lookup) { entities_ = std::move(lookup); }

 private:
  Schema();

  // What rows of one kind look like.
  struct View {
    std::vector<Field> fields;
    std::vector<EntityCheck> checks;
  };

  static Result<std::unique_ptr<Schema>> ParseKind(const Json& definition);
  Status ParseSubschemas();
  bool has_kinds() const { return !subschema_key_.empty(); }
  const Schema* SubschemaFor(const Json& record) const;
  Result<View> MakeView(const Schema* subschema) const;
  std::shared_ptr<const View> ViewFor(const Json& record) const;
  Result<Json> Process(Json input, Operation operation, const Json* current,
                       const AutoValues& values) const;
  void Settle(Json& row) const;
  std::vector<std::string> ExpandAll(const std::vector<Field>& fields, Json& input,
                                     Json& errors) const;
  Json UnknownKind(const Json& row) const;
  Json Violations(const View& view, const Json& row, const Json& given, const Json* current) const;

  // Views by subschema, made when first needed.
  struct Cache {
    std::mutex mutex;
    std::map<const Schema*, std::shared_ptr<const View>> views;
  };

  std::string name_, primary_key_, endpoint_key_, subschema_key_, subschema_error_;
  std::vector<std::unique_ptr<Schema>> own_subschemas_;
  std::map<std::string, const Schema*, std::less<>> own_by_kind_;
  void (*settle_)(Json& row) = nullptr;
  std::vector<std::string> cache_key_;
  bool has_ttl_ = false, workspaceable_ = false;
  Json definition_, shown_;
  Field root_;  // a record that holds the fields
  SubschemaLookup subschemas_;
  EntityLookup entities_;
  std::unique_ptr<Cache> cache_ = std::make_unique<Cache>();
};

// "schema violation (NAME: expected a string)" / "2 schema violations (...)": Kong's one-line form
// of `fields`.
std::string ViolationMessage(const Json& fields);

}  // namespace silverback::schema
