#include "store/sqlite/migrations.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "store/migration_names.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/layout.h"

namespace silverback::store::sqlite {
namespace {

Result<std::vector<std::string>> Column(Connection& connection, const std::string& text) {
  std::vector<std::string> values;
  auto cursor = connection.Query(text, {});
  if (!cursor) return cursor.error();
  while (true) {
    const auto row = cursor->Step();
    if (!row) return row.error();
    if (!*row) return values;
    values.emplace_back(cursor->Text(0));
  }
}

// What the catalog's migrations look like when `executed` of each subsystem has been run.
MigrationState StateFor(const entity::Catalog& catalog, bool bootstrapped,
                        const std::map<std::string, std::vector<std::string>>& executed) {
  MigrationState state;
  state.needs_bootstrap = !bootstrapped;
  for (const Subsystem& subsystem : MigrationNames()) {
    if (!IsEnabled(subsystem, catalog)) continue;
    SubsystemState one;
    one.name = subsystem.name;
    if (const auto found = executed.find(one.name); found != executed.end()) {
      one.executed = found->second;
    }
    for (std::string_view name : subsystem.names) {
      if (std::find(one.executed.begin(), one.executed.end(), name) == one.executed.end()) {
        one.fresh.emplace_back(name);
      }
    }
    state.subsystems.push_back(std::move(one));
  }
  return state;
}

Result<std::vector<std::string>> Tables(Connection& connection) {
  return Column(connection,
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
}

Result<MigrationState> ReadFrom(Connection& connection, const entity::Catalog& catalog) {
  const auto tables = Tables(connection);
  if (!tables) return tables.error();
  std::map<std::string, std::vector<std::string>> executed;
  if (std::find(tables->begin(), tables->end(), "schema_meta") == tables->end()) {
    return StateFor(catalog, false, executed);
  }
  auto cursor = connection.Query("SELECT subsystem, executed FROM schema_meta", {});
  if (!cursor) return cursor.error();
  while (true) {
    const auto row = cursor->Step();
    if (!row) return row.error();
    if (!*row) break;
    const Json names = Json::parse(cursor->Text(1), nullptr, false);
    auto& list = executed[std::string(cursor->Text(0))];
    for (const Json& name : names) {
      if (name.is_string()) list.push_back(name);
    }
  }
  return StateFor(catalog, !executed.empty(), executed);
}

class FileMigrator final : public Migrator {
 public:
  FileMigrator(std::string path, const entity::Catalog& catalog)
      : path_(std::move(path)), catalog_(catalog) {}

  Result<MigrationState> State() override { return ReadMigrations(path_, catalog_); }
  Status Bootstrap() override { return Ok(); }  // the bookkeeping is made with the tables
  Result<bool> WithLock(const LockWait&, const std::function<Status()>& work) override {
    if (Status done = work(); !done) return done.error();
    return true;
  }

  Status Run(const std::vector<MigrationList>& plan, MigrationHalf,
             const MigrationObserver& observer) override {
    if (auto done = Migrate(path_, catalog_); !done) return done.error();
    if (!observer) return Ok();
    for (const MigrationList& list : plan) {
      for (const std::string& name : list.names) {
        observer({MigrationEvent::Kind::kBegin, list.subsystem, name, ""});
        observer({MigrationEvent::Kind::kExecuted, list.subsystem, name, ""});
      }
    }
    return Ok();
  }

  Status Reset() override {
    auto done = sqlite::Reset(path_);
    return done ? Ok() : Status(done.error());
  }

  std::string_view strategy() const override { return "sqlite"; }
  std::string Place() const override { return fmt::format("file '{}'", path_); }

 private:
  const std::string path_;
  const entity::Catalog& catalog_;
};

}  // namespace

std::unique_ptr<Migrator> NewMigrator(const std::string& path, const entity::Catalog& catalog) {
  return std::make_unique<FileMigrator>(path, catalog);
}

Result<MigrationState> ReadMigrations(const std::string& path, const entity::Catalog& catalog) {
  if (access(path.c_str(), F_OK) != 0) return StateFor(catalog, false, {});
  Connection::Options options;
  options.create = false;
  auto connection = Connection::Open(path, options);
  if (!connection) return connection.error();
  return ReadFrom(**connection, catalog);
}

Result<MigrationState> Migrate(const std::string& path, const entity::Catalog& catalog) {
  auto connection = Connection::Open(path, {});
  if (!connection) return connection.error();
  auto before = ReadFrom(**connection, catalog);
  if (!before) return before.error();
  const StatementList statements = StatementsOf(catalog);
  if (Status done = PrepareLayout(**connection, catalog, statements); !done) return done.error();
  return before;
}

Result<bool> Reset(const std::string& path) {
  if (access(path.c_str(), F_OK) != 0) return false;
  Connection::Options options;
  options.create = false;
  auto connection = Connection::Open(path, options);
  if (!connection) return connection.error();
  if (Status off = (*connection)->Script("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE"); !off) {
    return off.error();
  }
  const auto tables = Tables(**connection);
  if (!tables) return tables.error();
  for (const std::string& table : *tables) {
    const std::string text = fmt::format("DROP TABLE \"{}\"", table);
    if (Status dropped = (*connection)->Script(text.c_str()); !dropped) return dropped.error();
  }
  if (Status done = (*connection)->Script("PRAGMA user_version = 0; COMMIT"); !done) {
    return done.error();
  }
  return !tables->empty();
}

}  // namespace silverback::store::sqlite
