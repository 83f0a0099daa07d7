// The migrations as data: what each does to a database, in the order of store::MigrationNames().
// Statements come from sql/, those that give tables a workspace are derived (workspace.h).
// Immutable; any thread may read it.
//
// Every statement may be run again on a database that has it already, and changes nothing then.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace silverback::store::postgres::migrations {

struct Step {
  std::string sql;     // $(NEW_UUID): a new id; $(WORKSPACE): that of the default workspace
  std::string unless;  // a query; the step is left out when it gives true
};

// A change of many rows, done in pieces so that it can be interrupted: a row that has been changed
// is not found again, or is changed into itself.
struct Backfill {
  using Conversion =
      std::function<Result<std::optional<std::string>>(std::string_view id, std::string_view old)>;

  std::string table, about;
  std::string where;  // which rows; the table is called t
  // One of these. `set`: the assignments of an UPDATE. `remove`: the rows go. `convert`: gives the
  // new text of the column `to` (of type `type`) for the text in the column `from`; nullopt: as it
  // is.
  std::string set;
  bool remove = false;
  Conversion convert;
  std::string from, to, type;
  // Where Kong loses what some rows have and this does not: which rows, and what one of them is
  // called ("plugin 'acl'"). They are told before it begins, with their columns `from`.
  std::string spared, spared_name;
  // A column whose old values are lost by this: kept for `abort`.
  std::string keeps;
};

struct Half {
  std::vector<Backfill> data;  // first
  std::vector<Step> steps;
};

struct Migration {
  std::string_view name;
  Half up;
  Half finish;
  bool two_halves = false;  // pending between `up` and `finish`
};

struct SubsystemPlan {
  std::string_view name;
  std::vector<Migration> migrations;
};

const std::vector<SubsystemPlan>& Plan();
// nullptr when unknown.
const Migration* FindMigration(std::string_view subsystem, std::string_view name);

// The statements of an embedded file ("core/000_base.sql") or of any script: separated by
// semicolons outside quotes; a comment line "-- unless: QUERY" before one sets Step::unless.
std::vector<Step> StepsOfFile(std::string_view file);
std::vector<Step> ParseSteps(std::string_view script);

}  // namespace silverback::store::postgres::migrations
