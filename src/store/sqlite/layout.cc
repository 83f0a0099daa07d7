#include "store/sqlite/layout.h"

#include <fmt/format.h>

#include "store/migration_names.h"
#include "util/string_util.h"

namespace silverback::store::sqlite {
namespace {

// Grows when a table changes in a way that added columns do not cover.
constexpr int kFileVersion = 1;

constexpr char kBookkeeping[] =
    "CREATE TABLE IF NOT EXISTS silverback_meta (key TEXT PRIMARY KEY NOT NULL, value TEXT);"
    "CREATE TABLE IF NOT EXISTS schema_meta (key TEXT NOT NULL, subsystem TEXT NOT NULL,"
    " last_executed TEXT, executed TEXT, pending TEXT, PRIMARY KEY (key, subsystem));";

std::string Fingerprint(const StatementList& list, const entity::Catalog& catalog) {
  std::string text = std::to_string(kFileVersion);
  for (const auto& statements : list) {
    for (const std::string& line : statements->CreateTable()) text += '\n' + line;
  }
  for (const std::string& plugin : catalog.enabled_plugins()) text += '\n' + plugin;
  return Md5Hex(text);
}

Status AddMissingColumns(Connection& connection, const sql::Table& table) {
  for (const sql::Column& column : table.columns) {
    const auto found =
        connection.Scalar("SELECT name FROM pragma_table_info(?1) WHERE name = ?2",
                          {sql::Value::Text(table.name), sql::Value::Text(column.name)});
    if (!found) return found.error();
    if (!found->empty()) continue;
    const std::string text =
        fmt::format("ALTER TABLE \"{}\" ADD COLUMN \"{}\"", table.name, column.name);
    if (Status added = connection.Script(text.c_str()); !added) return added;
  }
  return Ok();
}

Status MakeTable(Connection& connection, const sql::Statements& statements) {
  const std::vector<std::string> lines = statements.CreateTable();
  if (Status made = connection.Script(lines[0].c_str()); !made) return made;
  if (Status added = AddMissingColumns(connection, statements.table()); !added) return added;
  for (size_t i = 1; i < lines.size(); ++i) {
    if (Status made = connection.Script(lines[i].c_str()); !made) return made;
  }
  return Ok();
}

Status RecordMigrations(Connection& connection, const entity::Catalog& catalog) {
  for (const Subsystem& subsystem : MigrationNames()) {
    if (!IsEnabled(subsystem, catalog)) continue;
    const Json executed = subsystem.names;
    const Status done = connection.Execute(
        "INSERT OR IGNORE INTO schema_meta VALUES ('schema_meta', ?1, ?2, ?3, '[]')",
        {sql::Value::Text(std::string(subsystem.name)),
         sql::Value::Text(std::string(subsystem.names.back())),
         sql::Value::Text(DumpJson(executed))});
    if (!done) return done;
  }
  return Ok();
}

// Clients look for it before anything was written.
Status MakeDefaultWorkspace(Connection& connection, const entity::Catalog& catalog,
                            const StatementList& list) {
  for (const auto& statements : list) {
    const sql::Table& table = statements->table();
    if (table.name != "workspaces") continue;
    const auto known = connection.Scalar("SELECT id FROM workspaces WHERE name = 'default'");
    if (!known) return known.error();
    if (!known->empty()) return Ok();
    const auto row = catalog.Entity(table.name)->CheckInsert({{"name", "default"}});
    if (!row) return row.error();
    return connection.Execute(statements->insert(),
                              sql::EncodeRow(sql::Dialect::kSqlite, table, *row));
  }
  return Ok();
}

Status MakeAll(Connection& connection, const entity::Catalog& catalog, const StatementList& list,
               const std::string& fingerprint) {
  if (Status made = connection.Script(kBookkeeping); !made) return made;
  for (const auto& statements : list) {
    if (Status made = MakeTable(connection, *statements); !made) return made;
  }
  if (Status done = RecordMigrations(connection, catalog); !done) return done;
  if (Status done = MakeDefaultWorkspace(connection, catalog, list); !done) return done;
  if (Status done =
          connection.Execute("INSERT OR REPLACE INTO silverback_meta VALUES ('layout', ?1)",
                             {sql::Value::Text(fingerprint)});
      !done) {
    return done;
  }
  return connection.Script(fmt::format("PRAGMA user_version = {}", kFileVersion).c_str());
}

}  // namespace

StatementList StatementsOf(const entity::Catalog& catalog) {
  StatementList list;
  for (const schema::Schema* schema : catalog.entities()) {
    if (!sql::IsStored(*schema)) continue;
    list.push_back(std::make_unique<sql::Statements>(sql::Dialect::kSqlite, *schema));
  }
  return list;
}

Status PrepareLayout(Connection& connection, const entity::Catalog& catalog,
                     const StatementList& list) {
  const auto version = connection.Scalar("SELECT user_version FROM pragma_user_version");
  if (!version) return version.error();
  if (std::stoi(*version) > kFileVersion) {
    return Error(ErrorCode::kDatabaseError,
                 "the database file was made by a newer version; it cannot be used by this one");
  }
  const std::string fingerprint = Fingerprint(list, catalog);
  // The table is missing in a new file: that is no error here.
  const auto known = connection.Scalar("SELECT value FROM silverback_meta WHERE key = 'layout'");
  if (known && *known == fingerprint) return Ok();
  if (Status begun = connection.Script("BEGIN IMMEDIATE"); !begun) return begun;
  const Status made = MakeAll(connection, catalog, list, fingerprint);
  const Status ended = connection.Script(made ? "COMMIT" : "ROLLBACK");
  return made ? ended : made;
}

}  // namespace silverback::store::sqlite
