#include "store/postgres/constraints.h"

#include <algorithm>

#include "store/errors.h"

namespace silverback::store::postgres {
namespace {

constexpr std::string_view kNotNull = "23502";
constexpr std::string_view kForeignKey = "23503";
constexpr std::string_view kUnique = "23505";

// Unique constraints are known by their index, which has the same name.
constexpr const char* kCatalog =
    "SELECT i.relname, "
    "array_to_json(ARRAY(SELECT a.attname FROM unnest(x.indkey) AS k JOIN pg_attribute AS a "
    "ON a.attrelid = x.indrelid AND a.attnum = k))::text "
    "FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid "
    "WHERE x.indisunique AND i.relnamespace = "
    "(SELECT oid FROM pg_namespace WHERE nspname = current_schema()) "
    "UNION ALL "
    "SELECT c.conname, "
    "array_to_json(ARRAY(SELECT a.attname FROM unnest(c.conkey) AS k JOIN pg_attribute AS a "
    "ON a.attrelid = c.conrelid AND a.attnum = k))::text "
    "FROM pg_constraint AS c WHERE c.contype = 'f' AND c.connamespace = "
    "(SELECT oid FROM pg_namespace WHERE nspname = current_schema())";

// The column that a client knows: constraints of workspaces' entities have ws_id besides.
std::string TellingColumn(const std::vector<std::string>& columns) {
  const auto found =
      std::find_if(columns.begin(), columns.end(), [](const auto& c) { return c != "ws_id"; });
  return found == columns.end() ? "" : *found;
}

Error ForeignError(const Error& error, Action action, const sql::Table& table, const Json& row,
                   const std::string& column) {
  if (action == Action::kDelete) {
    return ReferencedViolation(table.name, StringMember(error.fields(), "table"));
  }
  const sql::Column* found = table.FindColumn(column);
  if (!found || !found->foreign()) return error;
  const Json* value = FindMember(row, found->member());
  return ForeignKeyViolation(value ? *value : Json(), found->member(), found->field->reference);
}

}  // namespace

std::optional<std::vector<std::string>> Constraints::Columns(Connection& connection,
                                                             const std::string& name) {
  const std::scoped_lock lock(mutex_);
  if (const auto known = columns_.find(name); known != columns_.end()) return known->second;
  const auto rows = connection.Query(kCatalog);
  if (!rows) return std::nullopt;
  for (int i = 0; i < rows->size(); ++i) {
    const Json list = Json::parse(rows->Text(i, 1), nullptr, false);
    if (!list.is_array()) continue;
    columns_[std::string(rows->Text(i, 0))] = list.get<std::vector<std::string>>();
  }
  const auto found = columns_.find(name);
  return found == columns_.end() ? std::nullopt : std::optional(found->second);
}

std::string ViolatedConstraint(const Error& error) {
  const std::string state = StringMember(error.fields(), "sqlstate");
  return state == kForeignKey || state == kUnique ? StringMember(error.fields(), "constraint") : "";
}

Error Translate(const Error& error, Action action, const sql::Table& table, const Json& row,
                const std::vector<std::string>& columns) {
  const std::string state = StringMember(error.fields(), "sqlstate");
  const Json key = {{table.primary_key, StringMember(row, table.primary_key)}};
  if (state == kNotNull) return PrimaryKeyViolation(key);
  const std::string column = TellingColumn(columns);
  if (state == kForeignKey) return ForeignError(error, action, table, row, column);
  if (state != kUnique || column.empty()) return error;
  if (column == table.primary_key) return PrimaryKeyViolation(key);
  return UniqueViolation(sql::UniqueFields(table, column, row));
}

}  // namespace silverback::store::postgres
