// Runs the changes of many rows that migrations need, in pieces that are small transactions of
// their own: nodes that use the table wait for one piece at most, and what was done stays done when
// the run is interrupted.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "store/postgres/migrations/plan.h"
#include "store/postgres/migrations/session.h"

namespace silverback::store::postgres::migrations {

struct Piece {
  int64_t rows = 0;  // looked at
  std::string last;  // id of the last one; "": there is none
};

class BackfillRun {
 public:
  struct Options {
    std::string workspace;   // of Backfill::set
    std::string keep_table;  // where Backfill::keeps goes (entity, id, value); "" when nowhere
  };
  BackfillRun(Session& session, const Backfill& backfill, Options options);

  // Whether it has more than `limit` rows to look at.
  Result<bool> IsLongerThan(int64_t limit);
  Result<int64_t> Count();
  // What the operator should know beforehand about rows that are there, one line each.
  Result<std::vector<std::string>> Remarks();
  // The next `limit` rows behind `after` ("" at first), in the transaction of the caller.
  Result<Piece> Next(const std::string& after, int64_t limit);
  // All that are left, in the transaction of the caller.
  Status Rest(int64_t limit);

 private:
  Result<Piece> Change(const std::string& after, int64_t limit);
  Result<Piece> Convert(const std::string& after, int64_t limit);
  std::string Batch(std::string_view columns, int64_t limit) const;

  Session& session_;
  const Backfill& backfill_;
  const Options options_;
  const std::string set_;
};

}  // namespace silverback::store::postgres::migrations
