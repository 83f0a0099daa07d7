#include "store/sql/statements.h"

#include <fmt/format.h>

#include "util/string_util.h"

namespace silverback::store::sql {
namespace {

std::string Quote(std::string_view name) { return fmt::format("\"{}\"", name); }

std::string SelectExpression(Dialect dialect, const Column& column) {
  const std::string name = Quote(column.name);
  if (dialect == Dialect::kSqlite) return name;
  switch (column.kind) {
    case Kind::kTimestamp:
      return fmt::format("EXTRACT(EPOCH FROM {0}) AS {0}", name);
    case Kind::kTextArray:
    case Kind::kUuidArray:
    case Kind::kJsonArray:
      return fmt::format("to_jsonb({0}) AS {0}", name);
    default:
      return name;
  }
}

const char* SqliteType(Kind kind) {
  switch (kind) {
    case Kind::kInteger:
    case Kind::kBoolean:
      return "INTEGER";
    case Kind::kNumber:
    case Kind::kTimestamp:
      return "REAL";
    default:
      return "TEXT";
  }
}

// The Dao deletes and clears what refers to a row itself and tells of each; this is for the rows of
// plugins that are not enabled at the time, whose entities it does not know.
const char* OnDelete(const std::string& action) {
  if (action == "cascade") return " ON DELETE CASCADE";
  return action == "null" ? " ON DELETE SET NULL" : "";
}

}  // namespace

Statements::Statements(Dialect dialect, const schema::Schema& schema)
    : dialect_(dialect), table_(schema) {
  std::vector<std::string> names, values, assignments;
  for (const Column& column : table_.columns) {
    if (column.name != "cache_key" || column.field) selected_.push_back(&column);
    names.push_back(Quote(column.name));
    values.push_back(Assigned(column, names.size()));
    assignments.push_back(names.back() + " = " + values.back());
  }
  const std::string table = Quote(table_.name), key = Quote(table_.primary_key);
  insert_ =
      fmt::format("INSERT INTO {} ({}) VALUES ({})", table, Join(names, ", "), Join(values, ", "));
  update_ = fmt::format("UPDATE {} SET {} WHERE {} = {}", table, Join(assignments, ", "), key,
                        Parameter(names.size() + 1));
  remove_ = fmt::format("DELETE FROM {} WHERE {} = {}", table, key, Parameter(1));
  select_head_ = fmt::format("SELECT {} FROM {}", SelectList(), table);
  select_ = fmt::format("{} WHERE {} = {}{}", select_head_, key, Parameter(1), NotExpired(2));
  if (table_.has_ttl) {
    delete_expired_ = fmt::format(
        "DELETE FROM {0} WHERE {1} IN (SELECT {1} FROM {0} WHERE \"ttl\" <= {2} LIMIT {3}) "
        "RETURNING {1}",
        table, key, Assigned(*table_.FindColumn("ttl"), 1), Parameter(2));
  }
}

std::string Statements::Parameter(size_t number) const {
  return (dialect_ == Dialect::kSqlite ? '?' : '$') + std::to_string(number);
}

std::string Statements::Assigned(const Column& column, size_t number) const {
  const std::string parameter = Parameter(number);
  if (dialect_ == Dialect::kPostgres && column.kind == Kind::kTimestamp) {
    return "to_timestamp(" + parameter + ")";
  }
  return parameter;
}

std::string Statements::SelectList() const {
  std::vector<std::string> expressions;
  for (const Column* column : selected_) expressions.push_back(SelectExpression(dialect_, *column));
  return Join(expressions, ", ");
}

std::string Statements::NotExpired(size_t number) const {
  if (!table_.has_ttl) return "";
  return fmt::format(" AND (\"ttl\" IS NULL OR \"ttl\" > {})",
                     Assigned(*table_.FindColumn("ttl"), number));
}

std::string Statements::SelectBy(const Column& column, Rows rows) const {
  std::string text =
      fmt::format("{} WHERE {} = {}", select_head_, Quote(column.name), Parameter(1));
  // The unique indexes of PostgreSQL begin with ws_id: without it they are of no use.
  if (dialect_ == Dialect::kPostgres && table_.has_ws_id && column.name != "cache_key" &&
      !(column.field && column.field->unique_across_ws)) {
    text += " AND \"ws_id\" = (SELECT id FROM workspaces WHERE name = 'default')";
  }
  if (rows == Rows::kLive) return text + NotExpired(2) + " LIMIT 1";
  return fmt::format("{} AND \"ttl\" <= {} LIMIT 1", text, Assigned(*table_.FindColumn("ttl"), 2));
}

std::string Statements::TagCondition(const PageRequest& request, PageStatement& page) const {
  const auto add = [&](std::string value) {
    page.parameters.push_back(Value::Text(std::move(value)));
    return Parameter(page.parameters.size());
  };
  if (dialect_ == Dialect::kPostgres) {
    return fmt::format(" AND \"tags\" {} {}::text[]", request.tags_any ? "&&" : "@>",
                       add(ArrayLiteral(request.tags)));
  }
  std::string condition;
  std::vector<std::string> parameters;
  for (const std::string& tag : request.tags) {
    parameters.push_back(add(tag));
    if (request.tags_any) continue;
    condition += fmt::format(" AND EXISTS (SELECT 1 FROM json_each(\"tags\") WHERE value = {})",
                             parameters.back());
  }
  if (!request.tags_any) return condition;
  return fmt::format(" AND EXISTS (SELECT 1 FROM json_each(\"tags\") WHERE value IN ({}))",
                     Join(parameters, ", "));
}

PageStatement Statements::Page(const PageRequest& request, double now) const {
  PageStatement page;
  const auto add = [&](Value value) {
    page.parameters.push_back(std::move(value));
    return page.parameters.size();
  };
  const std::string key = Quote(table_.primary_key);
  page.text = select_head_ + " WHERE TRUE";
  if (!request.after.empty()) {
    page.text += fmt::format(" AND {} > {}", key, Parameter(add(Value::Text(request.after))));
  }
  if (!request.foreign_field.empty()) {
    const Column* column = table_.FindMemberColumn(request.foreign_field);
    page.text += column ? fmt::format(" AND {} = {}", Quote(column->name),
                                      Parameter(add(Value::Text(request.foreign_id))))
                        : " AND FALSE";
  }
  if (!request.workspace.empty()) {
    page.text += table_.has_ws_id ? fmt::format(" AND \"ws_id\" = {}",
                                                Parameter(add(Value::Text(request.workspace))))
                                  : " AND FALSE";
  }
  if (!request.tags.empty() || request.tagged) {
    page.text += table_.has_tags ? " AND \"tags\" IS NOT NULL" : " AND FALSE";
  }
  if (!request.tags.empty() && table_.has_tags) page.text += TagCondition(request, page);
  if (table_.has_ttl && !request.with_expired) page.text += NotExpired(add(Value::Real(now)));
  page.limit = request.size + 1;
  const size_t limit = add(Value::Integer(static_cast<int64_t>(page.limit)));
  page.text += fmt::format(" ORDER BY {} LIMIT {}", key, Parameter(limit));
  return page;
}

std::vector<std::string> Statements::CreateTable() const {
  const std::string table = Quote(table_.name);
  std::vector<std::string> columns, indexes;
  const auto index = [&](std::string_view unique, std::string_view suffix, std::string_view over) {
    indexes.push_back(fmt::format("CREATE {}INDEX IF NOT EXISTS \"{}_{}\" ON {} ({})", unique,
                                  table_.name, suffix, table, over));
  };
  for (const Column& column : table_.columns) {
    std::string text = fmt::format("{} {}", Quote(column.name), SqliteType(column.kind));
    if (column.name == table_.primary_key) text += " PRIMARY KEY NOT NULL";
    if (column.foreign()) {
      text += fmt::format(" REFERENCES \"{}\" (\"id\"){} DEFERRABLE INITIALLY DEFERRED",
                          column.field->reference, OnDelete(column.field->on_delete));
      index("", column.name + "_idx",
            fmt::format("\"{}\", \"{}\"", column.name, table_.primary_key));
    }
    columns.push_back(std::move(text));
    if (column.field && column.field->unique && column.name != table_.primary_key) {
      const bool across = !table_.has_ws_id || column.field->unique_across_ws;
      index("UNIQUE ", column.name + "_unique", Quote(column.name) + (across ? "" : ", \"ws_id\""));
    }
  }
  if (table_.has_cache_key) index("UNIQUE ", "cache_key_unique", "\"cache_key\"");
  if (table_.has_ttl) index("", "ttl_idx", "\"ttl\"");
  indexes.insert(indexes.begin(),
                 fmt::format("CREATE TABLE IF NOT EXISTS {} ({})", table, Join(columns, ", ")));
  return indexes;
}

}  // namespace silverback::store::sql
