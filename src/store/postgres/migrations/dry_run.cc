#include "store/postgres/migrations/dry_run.h"

#include <fmt/format.h>

#include "util/string_util.h"

namespace silverback::store::postgres::migrations {
namespace {

// Exact counting is for small tables.
constexpr int64_t kCountUpTo = 1'000'000;

// The statement on one line, as words.
std::string OneLine(std::string_view sql) {
  std::string line;
  for (const char c : sql) {
    const bool space = c == ' ' || c == '\n' || c == '\t';
    if (space && (line.empty() || line.back() == ' ')) continue;
    line += space ? ' ' : c;
  }
  return line;
}

// The name behind `words` in the statement; "": they are not in it.
std::string NameAfter(const std::string& line, std::string_view words) {
  const size_t at = line.find(words);
  if (at == std::string::npos) return "";
  const size_t begin = at + words.size();
  return line.substr(begin, line.find_first_of(" (", begin) - begin);
}

int64_t Estimate(Session& session, const std::string& table) {
  const auto text = session.Scalar(
      "SELECT coalesce((SELECT CASE WHEN reltuples < 0 THEN 0 ELSE reltuples::bigint END FROM "
      "pg_class WHERE oid = to_regclass($1)), 0)",
      {table});
  return text && !text->empty() ? std::stoll(*text) : 0;
}

// About how many rows a backfill changes; -1: not to be told yet.
int64_t Rows(Session& session, const Backfill& fill) {
  const int64_t all = Estimate(session, fill.table);
  if (all > kCountUpTo) return all;
  const auto text =
      session.Scalar(fmt::format("SELECT count(*) FROM {} t WHERE {}", fill.table, fill.where));
  return text && !text->empty() ? std::stoll(*text) : -1;
}

void PrintData(Session& session, const Backfill& fill, const Print& print) {
  std::string sql = fmt::format("UPDATE {} t SET {} WHERE {}", fill.table, fill.set, fill.where);
  if (fill.remove) sql = fmt::format("DELETE FROM {} t WHERE {}", fill.table, fill.where);
  if (fill.convert) {
    sql = fmt::format("UPDATE {} t SET {} = ({}, made from {}) WHERE {}", fill.table, fill.to,
                      fill.about, fill.from, fill.where);
  }
  const int64_t rows = Rows(session, fill);
  print("  " + sql + ";");
  print(fmt::format("    lock: ROW EXCLUSIVE on {}; rows: {}, in pieces", fill.table,
                    rows < 0 ? "not known yet" : "about " + std::to_string(rows)));
}

void PrintStep(Session& session, const Step& step, const Print& print) {
  if (!step.unless.empty()) {
    const auto there = session.True(step.unless);
    if (there && *there) return;
  }
  std::string sql = ReplaceAll(step.sql, "$(WORKSPACE)", "<id of the default workspace>");
  print("  " + OneLine(ReplaceAll(sql, "$(NEW_UUID)", "<new id>")) + ";");
  std::string locks;
  int64_t rows = 0;
  for (const TableLock& lock : LocksOf(step.sql)) {
    locks += fmt::format("{}{} on {}", locks.empty() ? "" : ", ", lock.mode, lock.table);
    rows = std::max(rows, Estimate(session, lock.table));
  }
  if (!locks.empty()) print(fmt::format("    lock: {}; rows: about {}", locks, rows));
}

void PrintHalf(Session& session, const Half& half, const Print& print) {
  for (const Backfill& fill : half.data) PrintData(session, fill, print);
  for (const Step& step : half.steps) PrintStep(session, step, print);
}

}  // namespace

std::vector<TableLock> LocksOf(std::string_view sql) {
  const std::string line = OneLine(sql);
  std::vector<TableLock> locks;
  const auto add = [&](const char* mode, std::string table) {
    if (!table.empty()) locks.push_back({mode, std::move(table)});
  };
  const bool is_new = line.starts_with("CREATE TABLE");
  if (line.starts_with("ALTER TABLE ")) add("ACCESS EXCLUSIVE", NameAfter(line, "ALTER TABLE "));
  if (line.starts_with("DROP TABLE ")) {
    add("ACCESS EXCLUSIVE", NameAfter(line, "DROP TABLE IF EXISTS "));
  }
  if (line.starts_with("CREATE INDEX")) add("SHARE", NameAfter(line, " ON "));
  if (line.starts_with("CREATE TRIGGER")) add("SHARE ROW EXCLUSIVE", NameAfter(line, " ON "));
  if (line.starts_with("DROP TRIGGER")) add("ACCESS EXCLUSIVE", NameAfter(line, " ON "));
  if (line.starts_with("DROP INDEX ")) {
    add("ACCESS EXCLUSIVE", "the table of " + NameAfter(line, "DROP INDEX IF EXISTS "));
  }
  if (line.starts_with("INSERT INTO ")) add("ROW EXCLUSIVE", NameAfter(line, "INSERT INTO "));
  if (is_new || line.starts_with("ALTER TABLE ")) {
    for (size_t at = 0; (at = line.find("REFERENCES ", at)) != std::string::npos; ++at) {
      add("SHARE ROW EXCLUSIVE", NameAfter(line.substr(at), "REFERENCES "));
    }
  }
  return locks;
}

void PrintDryRun(Session& session, std::string_view subsystem, const Migration& migration,
                 MigrationHalf half, const Print& print) {
  const char* halves = half == MigrationHalf::kUp       ? "first half"
                       : half == MigrationHalf::kFinish ? "second half"
                                                        : "both halves";
  print(fmt::format("{} {}{}:", subsystem, migration.name,
                    migration.two_halves ? fmt::format(" ({})", halves) : ""));
  if (half != MigrationHalf::kFinish) PrintHalf(session, migration.up, print);
  if (half != MigrationHalf::kUp) PrintHalf(session, migration.finish, print);
  print(fmt::format("  record '{}' as {} in schema_meta;", migration.name,
                    half == MigrationHalf::kUp && migration.two_halves ? "pending" : "executed"));
}

}  // namespace silverback::store::postgres::migrations
