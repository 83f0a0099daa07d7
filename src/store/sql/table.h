// Table: how the rows of one schema lie in an SQL table. Derived from the schema alone, the same in
// every dialect: field name = column; a foreign field `service` = column service_id; besides the
// fields ws_id (workspaceable entities), ttl and cache_key (composite unique keys).
//
// Ownership: a Table refers to its schema, which outlives it. Immutable; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/schema.h"

namespace silverback::store::sql {

enum class Dialect { kSqlite, kPostgres };

// What a column holds, as far as the dialects store it differently:
//              PostgreSQL                 SQLite
//   kUuid      uuid                       TEXT
//   kText      text                       TEXT
//   kInteger   integer types              INTEGER
//   kNumber    double precision           REAL
//   kBoolean   boolean                    INTEGER (0, 1)
//   kTimestamp timestamp with time zone   REAL (seconds since the epoch)
//   kTextArray text[]                     TEXT (JSON)
//   kUuidArray uuid[]                     TEXT (JSON)
//   kJsonArray jsonb[]                    TEXT (JSON): lists of records
//   kJson      jsonb                      TEXT (JSON): records and maps
enum class Kind {
  kUuid,
  kText,
  kInteger,
  kNumber,
  kBoolean,
  kTimestamp,
  kTextArray,
  kUuidArray,
  kJsonArray,
  kJson
};

struct Column {
  std::string name;
  Kind kind = Kind::kText;
  const schema::Field* field = nullptr;  // null: ws_id, ttl, cache_key
  bool integral = false;  // numbers that are read back as integers (timestamps in whole seconds)

  bool foreign() const { return field && field->type == schema::FieldType::kForeign; }
  // The member of a row that it holds: "service" of column service_id.
  const std::string& member() const { return field ? field->name : name; }
};

struct Table {
  explicit Table(const schema::Schema& schema);

  const schema::Schema* schema;
  std::string name;
  std::string primary_key;
  std::vector<Column> columns;  // in the order of every statement's columns and parameters
  bool has_ws_id = false, has_ttl = false, has_cache_key = false, has_tags = false;

  const Column* FindColumn(std::string_view column) const;
  // The column of a row's member: "service" and "service_id" both give service_id.
  const Column* FindMemberColumn(std::string_view member) const;
};

// Whether the rows of this entity are kept by stores: not the pseudo-entity "tags", which is a view
// of the others, nor counters with a composite primary key, which plugins keep on their own.
bool IsStored(const schema::Schema& schema);

// The fields that a UNIQUE violation of `column` is reported with: {"name": "x"}; for cache_key
// every field of it, with null for those that are not set.
Json UniqueFields(const Table& table, std::string_view column, const Json& row);

}  // namespace silverback::store::sql
