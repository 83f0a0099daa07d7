// RowWriter: changes rows of the replica and keeps its look-ups, log and versions in step, inside
// one write transaction.
#pragma once

#include <set>
#include <string>

#include "replica/lmdb_env.h"
#include "schema/schema.h"
#include "util/json.h"

namespace silverback::replica {

class RowWriter {
 public:
  // `txn` outlives the writer. Everything written belongs to `generation`.
  RowWriter(Txn& txn, uint64_t generation) : txn_(txn), generation_(generation) {}

  Status Write(const schema::Schema& schema, std::string_view primary_key, const Json& row);
  Status Delete(const schema::Schema& schema, std::string_view primary_key);
  Status DeleteUnknown(std::string_view row_key);  // a row of an entity that is no longer known
  // Makes a written row the one that its unique values find; whether it was another one.
  Result<bool> Claim(const schema::Schema& schema, std::string_view primary_key, const Json& row);
  // Records versions and generation and trims the log. Without any change nothing is moved.
  Status Finish();

  uint64_t generation() const { return changed_ ? generation_ : generation_ - 1; }
  size_t changed() const { return changed_; }
  // Whether a unique value of a row was found to belong to another row.
  bool met_shared_value() const { return met_shared_value_; }

 private:
  // Calls `entry` with each key of the unique table that finds the row.
  template <class Entry>
  static Status EachUnique(const schema::Schema& schema, const Json& row, const Entry& entry);
  Status Reindex(const schema::Schema& schema, std::string_view primary_key, const Json& row,
                 bool add);
  Status Log(const schema::Schema& schema, std::string_view primary_key);
  Status TrimLog();

  Txn& txn_;
  const uint64_t generation_;
  size_t changed_ = 0;
  uint32_t logged_ = 0;
  bool log_overflow_ = false;
  bool met_shared_value_ = false;
  std::set<std::string> entities_;
};

}  // namespace silverback::replica
