// Value: one parameter or result cell of an SQL statement, and the translation between rows (JSON)
// and cells in each dialect. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "store/sql/table.h"
#include "util/json.h"

namespace silverback::store::sql {

struct Value {
  enum class Type { kNull, kInteger, kReal, kText };
  Type type = Type::kNull;
  int64_t integer = 0;
  double real = 0;
  std::string text;

  static Value Null() { return {}; }
  static Value Integer(int64_t value) { return {Type::kInteger, value, 0, {}}; }
  static Value Real(double value) { return {Type::kReal, 0, value, {}}; }
  static Value Text(std::string value) { return {Type::kText, 0, 0, std::move(value)}; }

  // As PostgreSQL's text format wants it. REQUIRES: type is not kNull.
  std::string ToText() const;
};

// The parameter for a member of a row. Null, absent and (for foreign fields) {"id": null} are NULL.
// PostgreSQL: lists become array literals; timestamps are seconds, which the statements convert.
Value Encode(Dialect dialect, const Column& column, const Json& value);

// The parameters of an INSERT or UPDATE: one per column of the table, in order. A missing ws_id is
// NULL; the cache_key column is computed.
std::vector<Value> EncodeRow(Dialect dialect, const Table& table, const Json& row);

// The member's value of a cell: `text` as either dialect returns it (PostgreSQL: booleans as t and
// f; lists through to_jsonb, as the statements of statements.h select them, so as JSON).
Json DecodeText(const Column& column, std::string_view text);

// '{"a","b"}': an array literal of PostgreSQL of texts.
std::string ArrayLiteral(const std::vector<std::string>& values);

}  // namespace silverback::store::sql
