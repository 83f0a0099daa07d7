// How `abort` brings a database back: the difference between what the schema is and what it was,
// as far as the migrations made it, as statements.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "store/postgres/migrations/plan.h"
#include "store/postgres/migrations/undo.h"
#include "util/string_util.h"

namespace silverback::store::postgres::migrations {
namespace {

using Statements = std::vector<std::string>;

std::string Text(const Json& object, const char* name) { return StringMember(object, name); }

// What `up` makes: names as they stand in its statements. Anything else is somebody else's.
struct Made {
  std::set<std::string, std::less<>> tables, columns, words;
};

std::vector<std::string> WordsOf(std::string_view sql) {
  std::vector<std::string> words(1);
  for (const char c : sql) {
    if (isalnum(static_cast<unsigned char>(c)) || c == '_') {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  return words;
}

const Made& WhatUpMakes() {
  static const auto& made = *[] {
    auto* found = new Made;
    for (const SubsystemPlan& subsystem : Plan()) {
      for (const Migration& migration : subsystem.migrations) {
        for (const Step& step : migration.up.steps) {
          const auto words = WordsOf(step.sql);
          // CREATE TABLE IF NOT EXISTS t; ALTER TABLE t ADD COLUMN IF NOT EXISTS c
          if (step.sql.starts_with("CREATE TABLE")) found->tables.insert(words[5]);
          if (words.size() > 8 && words[4] == "COLUMN")
            found->columns.insert(words[2] + "." + words[8]);
          found->words.insert(words.begin(), words.end());
        }
      }
    }
    return found;
  }();
  return made;
}

bool IsMadeColumn(const std::string& table, const std::string& column) {
  return WhatUpMakes().columns.contains(table + "." + column);
}

struct Tables {
  std::set<std::string> before, now, made;  // made: by the migrations, since
};

std::set<std::string> TableNames(const Json& snapshot) {
  std::set<std::string> names;
  for (const Json& column : snapshot["columns"]) names.insert(Text(column, "table"));
  return names;
}

Tables CompareTables(const Json& before, const Json& now) {
  Tables tables{TableNames(before), TableNames(now), {}};
  for (const std::string& name : tables.now) {
    if (!tables.before.contains(name) && WhatUpMakes().tables.contains(name))
      tables.made.insert(name);
  }
  return tables;
}

// The entry of `list` with the same table and name as `one`; nullptr: there is none.
const Json* Same(const Json& list, const Json& one) {
  for (const Json& other : list) {
    if (other["table"] == one["table"] && other["name"] == one["name"] &&
        other.value("signature", "") == one.value("signature", "")) {
      return &other;
    }
  }
  return nullptr;
}

bool Equal(const Json* a, const Json& b) { return a && (*a)["definition"] == b["definition"]; }

// Every difference as a pair of statements: what is too much goes, what is missing comes back.
class Difference {
 public:
  Difference(Session& session, const Json& before, const Json& now)
      : session_(session), before_(before), now_(now), tables_(CompareTables(before, now)) {}

  Statements All() {
    DropTooMuch("triggers", "DROP TRIGGER {1} ON {0}");
    DropTooMuch("constraints", "ALTER TABLE {0} DROP CONSTRAINT {1}", "f");
    DropTooMuch("constraints", "ALTER TABLE {0} DROP CONSTRAINT {1}", "");
    DropTooMuch("indexes", "DROP INDEX {1}");
    DropColumns();
    if (!tables_.made.empty()) {
      std::string list;
      for (const std::string& name : tables_.made) list += (list.empty() ? "" : ", ") + Name(name);
      statements_.push_back("DROP TABLE " + list);
    }
    Functions();
    RestoreColumns();
    Restore("constraints", "ALTER TABLE {0} ADD CONSTRAINT {1} {2}");
    Restore("indexes", "{2}");
    Restore("triggers", "{2}");
    return std::move(statements_);
  }

 private:
  std::string Name(const std::string& name) const { return session_.QuoteName(name); }

  // On tables that stay, what was not there or is not as it was. `kind`: of constraints.
  void DropTooMuch(const char* list, const char* format, const std::string& kind = "-") {
    for (const Json& one : now_[list]) {
      if (!tables_.before.contains(Text(one, "table"))) continue;
      if (kind != "-" && (Text(one, "kind") == "f") != (kind == "f")) continue;
      const Json* old = Same(before_[list], one);
      if (Equal(old, one) ||
          (!old && !WhatUpMakes().words.contains(Text(one, "name")) && !OfNewColumn(one))) {
        continue;
      }
      statements_.push_back(
          fmt::format(fmt::runtime(format), Name(Text(one, "table")), Name(Text(one, "name"))));
    }
  }

  // The names that PostgreSQL gave constraints of columns that are new.
  bool OfNewColumn(const Json& one) const {
    const std::string table = Text(one, "table"), name = Text(one, "name");
    return std::any_of(now_["columns"].begin(), now_["columns"].end(), [&](const Json& column) {
      return Text(column, "table") == table && !Same(before_["columns"], column) &&
             name.starts_with(table + "_" + Text(column, "name"));
    });
  }

  void DropColumns() {
    for (const Json& column : now_["columns"]) {
      const std::string table = Text(column, "table"), name = Text(column, "name");
      if (!tables_.before.contains(table) || Same(before_["columns"], column) ||
          !IsMadeColumn(table, name)) {
        continue;
      }
      statements_.push_back(fmt::format("ALTER TABLE {} DROP COLUMN {}", Name(table), Name(name)));
    }
  }

  void RestoreColumns() {
    for (const Json& column : before_["columns"]) {
      const Json* now = Same(now_["columns"], column);
      if (!now) continue;
      const std::string head = fmt::format("ALTER TABLE {} ALTER COLUMN {} ",
                                           Name(Text(column, "table")), Name(Text(column, "name")));
      if ((*now)["default"] != column["default"]) {
        statements_.push_back(head + (column["default"].is_null()
                                          ? "DROP DEFAULT"
                                          : "SET DEFAULT " + Text(column, "default")));
      }
      if ((*now)["required"] != column["required"]) {
        statements_.push_back(head +
                              (column["required"] == true ? "SET NOT NULL" : "DROP NOT NULL"));
      }
    }
  }

  void Functions() {
    for (const Json& one : now_["functions"]) {
      if (Same(before_["functions"], one) || !WhatUpMakes().words.contains(Text(one, "name")))
        continue;
      statements_.push_back("DROP FUNCTION " + Text(one, "signature"));
    }
    for (const Json& one : before_["functions"]) {
      if (!Equal(Same(now_["functions"], one), one)) statements_.push_back(Text(one, "definition"));
    }
  }

  void Restore(const char* list, const char* format) {
    for (const Json& one : before_[list]) {
      if (!tables_.now.contains(Text(one, "table")) || Equal(Same(now_[list], one), one)) continue;
      statements_.push_back(fmt::format(fmt::runtime(format), Name(Text(one, "table")),
                                        Name(Text(one, "name")), Text(one, "definition")));
    }
  }

  Session& session_;
  const Json& before_;
  const Json& now_;
  const Tables tables_;
  Statements statements_;
};

Status RestoreBookkeeping(Session& session, const Json& before) {
  std::string subsystems;
  for (const SubsystemPlan& one : Plan()) {
    subsystems += (subsystems.empty() ? "" : ", ") + session.QuoteText(std::string(one.name));
  }
  const Status gone = session.Script(
      "DELETE FROM schema_meta WHERE key = 'schema_meta' AND subsystem IN (" + subsystems + ")");
  if (!gone) return gone;
  const auto back = session.Query(
      "INSERT INTO schema_meta SELECT r.* FROM jsonb_populate_recordset(NULL::schema_meta, "
      "$1::jsonb) r WHERE r.subsystem IN (" +
          subsystems + ")",
      {before["schema_meta"].dump()});
  return back ? Ok() : Status(back.error());
}

Status RestoreValues(Session& session, const std::string& kept) {
  for (const SubsystemPlan& subsystem : Plan()) {
    for (const Migration& migration : subsystem.migrations) {
      for (const Backfill& fill : migration.up.data) {
        if (fill.keeps.empty()) continue;
        const Status back = session.Script(fmt::format(
            "UPDATE {0} t SET {1} = k.value FROM {2} k WHERE k.entity = '{0}' AND k.id = t.id",
            fill.table, fill.keeps, kept));
        if (!back) return back;
      }
    }
  }
  return Ok();
}

// Rows of new tables that the migrations themselves made, or that follow from others.
std::string OwnRows(const std::string& table) {
  if (table == "workspaces") return " WHERE name <> 'default'";
  if (table == "parameters") return " WHERE key <> 'cluster_id'";
  return table == "tags" ? " WHERE false" : "";
}

Result<int64_t> Count(Session& session, const std::string& query) {
  const auto text = session.Scalar("SELECT count(*) FROM " + query);
  if (!text) return text.error();
  return static_cast<int64_t>(std::stoll(*text));
}

}  // namespace

Result<Statements> StatementsOfAbort(Session& session, const Json& before) {
  const auto now = Snapshot(session);
  if (!now) return now.error();
  return Difference(session, before, *now).All();
}

Result<std::vector<std::string>> LossOfAbort(Session& session, const Json& before) {
  const auto now = Snapshot(session);
  if (!now) return now.error();
  std::vector<std::string> losses;
  const Tables tables = CompareTables(before, *now);
  for (const std::string& table : tables.made) {
    const auto rows = Count(session, session.QuoteName(table) + OwnRows(table));
    if (!rows) return rows.error();
    if (*rows) losses.push_back(fmt::format("{} row{} of {}", *rows, *rows == 1 ? "" : "s", table));
  }
  for (const Json& column : (*now)["columns"]) {
    const std::string table = Text(column, "table"), name = Text(column, "name");
    if (!tables.before.contains(table) || Same(before["columns"], column) ||
        !IsMadeColumn(table, name) || name == "ws_id" || name == "path_handling") {
      continue;
    }
    std::string where = session.QuoteName(name) + " IS NOT NULL";
    if (!column["default"].is_null()) {
      where += fmt::format(" AND {} <> {}", session.QuoteName(name), Text(column, "default"));
    }
    const auto rows = Count(session, fmt::format("{} WHERE {}", session.QuoteName(table), where));
    if (!rows) return rows.error();
    if (*rows) {
      losses.push_back(
          fmt::format("{} of {} row{} of {}", name, *rows, *rows == 1 ? "" : "s", table));
    }
  }
  return losses;
}

Status Abort(Session& session, UndoLog& log) {
  const auto before = log.Before();
  if (!before) return before.error();
  const auto statements = StatementsOfAbort(session, *before);
  if (!statements) return statements.error();
  for (const std::string& statement : *statements) {
    if (Status done = session.Script(statement); !done) return done;
  }
  if (Status done = RestoreValues(session, log.keep_table()); !done) return done;
  if (Status done = RestoreBookkeeping(session, *before); !done) return done;
  return log.Remove();
}

}  // namespace silverback::store::postgres::migrations
