// RowWriter: changes rows of the replica and keeps its look-ups, log and versions in step, inside
// one write transaction.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "replica/lmdb_env.h"
#include "schema/schema.h"
#include "util/json.h"

namespace silverback::replica {

// Rows are as deep as what they were made of, and have been read once.
constexpr int kDeepestRow = 1000;

class RowWriter {
 public:
  // `txn` outlives the writer. Everything written belongs to `generation`.
  RowWriter(Txn& txn, uint64_t generation) : txn_(txn), generation_(generation) {}

  // `text`: of the row; "": not known.
  Status Write(const schema::Schema& schema, std::string_view primary_key, const Json& row,
               std::string_view text = "");
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
  // The keys of the look-ups that find a row.
  struct Entries {
    std::vector<std::string> unique, foreign;
  };
  static Entries EntriesOf(const schema::Schema& schema, std::string_view primary_key,
                           const Json& row);
  Status Remove(const Entries& entries, const Entries& kept, std::string_view primary_key);
  Status Add(const Entries& entries, const Entries& old, std::string_view primary_key,
             const std::string& unique_entry);
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
