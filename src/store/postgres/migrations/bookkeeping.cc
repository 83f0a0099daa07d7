#include "store/postgres/migrations/bookkeeping.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "store/migration_names.h"
#include "store/postgres/migrations/plan.h"

namespace silverback::store::postgres::migrations {
namespace {

struct Meta {
  std::vector<std::string> executed, pending;
};

bool Has(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// By subsystem; one row for each name and list, as arrays have no simple text form.
Result<std::map<std::string, Meta, std::less<>>> ReadMeta(Session& session) {
  const auto rows = session.Query(
      "SELECT m.subsystem, l.list, n.name FROM schema_meta m CROSS JOIN LATERAL (VALUES "
      "('executed', m.executed), ('pending', m.pending)) l (list, names) CROSS JOIN LATERAL "
      "unnest(l.names) n (name) WHERE m.key = 'schema_meta'");
  if (!rows) return rows.error();
  std::map<std::string, Meta, std::less<>> found;
  for (int i = 0; i < rows->size(); ++i) {
    Meta& meta = found[std::string(rows->Text(i, 0))];
    (rows->Text(i, 1) == "executed" ? meta.executed : meta.pending).emplace_back(rows->Text(i, 2));
  }
  return found;
}

SubsystemState StateOf(const Subsystem& subsystem, const Meta& meta) {
  SubsystemState state;
  state.name = subsystem.name;
  for (std::string_view name : subsystem.names) {
    auto& list = Has(meta.executed, name)  ? state.executed
                 : Has(meta.pending, name) ? state.pending
                                           : state.fresh;
    list.emplace_back(name);
  }
  return state;
}

}  // namespace

Result<bool> HasTable(Session& session, std::string_view table) {
  return session.True(
      "SELECT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = $1 AND "
      "table_name = $2)",
      {session.schema(), std::string(table)});
}

Result<MigrationState> ReadState(Session& session, const entity::Catalog& catalog) {
  const auto there = HasTable(session, "schema_meta");
  if (!there) return there.error();
  std::map<std::string, Meta, std::less<>> meta;
  if (*there) {
    auto read = ReadMeta(session);
    if (!read) return read.error();
    meta = std::move(*read);
  }
  MigrationState state;
  state.needs_bootstrap = !*there;
  for (const Subsystem& subsystem : MigrationNames()) {
    if (!IsEnabled(subsystem, catalog)) continue;
    const auto found = meta.find(subsystem.name);
    state.subsystems.push_back(StateOf(subsystem, found == meta.end() ? Meta() : found->second));
  }
  return state;
}

Status CreateBookkeeping(Session& session) {
  const auto there = session.True("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)",
                                  {session.schema()});
  if (!there) return there.error();
  if (!*there) {
    const Status made =
        session.Script(fmt::format("CREATE SCHEMA {}", session.QuoteName(session.schema())));
    if (!made) return made;
  }
  for (const Step& step : StepsOfFile("bookkeeping.sql")) {
    if (Status done = session.Script(step.sql); !done) return done;
  }
  return Ok();
}

Status WriteRecord(Session& session, std::string_view subsystem, std::string_view name,
                   Record record) {
  constexpr std::string_view kAdded =
      "CASE WHEN $2 = ANY (m.{0}) THEN m.{0} ELSE array_append(m.{0}, $2) END";
  const std::string executed = "last_executed = $2, executed = " + fmt::format(kAdded, "executed");
  std::string set;
  switch (record) {
    case Record::kExecuted:
      set = executed;
      break;
    case Record::kPending:
      set = "pending = " + fmt::format(kAdded, "pending");
      break;
    case Record::kFinished:
    case Record::kBoth:
      set = executed + ", pending = array_remove(coalesce(m.pending, '{}'), $2)";
      break;
  }
  const std::vector<std::string> subsystem_name{std::string(subsystem)};
  const auto row = session.Query(
      "INSERT INTO schema_meta (key, subsystem) VALUES ('schema_meta', $1) ON CONFLICT DO NOTHING",
      subsystem_name);
  if (!row) return row.error();
  const auto done = session.Query(
      "UPDATE schema_meta m SET " + set + " WHERE m.key = 'schema_meta' AND m.subsystem = $1",
      {std::string(subsystem), std::string(name)});
  return done ? Ok() : Status(done.error());
}

}  // namespace silverback::store::postgres::migrations
