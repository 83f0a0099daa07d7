#include "store/postgres/copy.h"

#include <charconv>

namespace silverback::store::postgres {
namespace {

// Each attempt may cost a request the whole time limit of connecting.
constexpr std::chrono::seconds kAwayFor{10};
constexpr int kOldestWithWal = 100000;  // PostgreSQL 10 renamed "xlog" to "wal"

// One that is not in recovery is no copy: it has all of its own.
std::string CaughtUpQuery(int server_version) {
  const char* replayed = server_version >= kOldestWithWal ? "pg_last_wal_replay_lsn()"
                                                          : "pg_last_xlog_replay_location()";
  return std::string("SELECT NOT pg_is_in_recovery() OR ") + replayed +
         " - '0/0'::pg_lsn >= $1::numeric";
}

}  // namespace

std::string Copy::PositionQuery(int server_version) {
  const char* position = server_version >= kOldestWithWal ? "pg_current_wal_insert_lsn()"
                                                          : "pg_current_xlog_insert_location()";
  return std::string("SELECT ") + position + " - '0/0'::pg_lsn";
}

void Copy::Wrote(uint64_t position) {
  uint64_t old = newest_write_->load(std::memory_order_relaxed);
  while (old < position && !newest_write_->compare_exchange_weak(old, position)) {
  }
}

Result<bool> Copy::HasCaughtUp(Connection& connection) const {
  const std::string newest = std::to_string(newest_write_->load());
  const auto answer =
      connection.Query(CaughtUpQuery(connection.server_version()), {sql::Value::Text(newest)});
  if (!answer) return answer.error();
  return answer->size() == 1 && answer->Text(0, 0) == "t";
}

std::optional<Pool::Loan> Copy::Take() {
  if (Clock::now() < away_until_.load()) return std::nullopt;
  auto loan = pool_.Take();
  if (loan) {
    auto caught_up = HasCaughtUp(*loan->connection);
    if (!caught_up && loan->used_before && loan->connection->broken()) {
      loan = pool_.Replace(std::move(loan->connection));
      // The turn is still taken.
      if (!loan) pool_.Give(nullptr);
      if (loan) caught_up = HasCaughtUp(*loan->connection);
    }
    if (loan && caught_up && *caught_up) return *std::move(loan);
    if (loan) pool_.Give(std::move(loan->connection));
    if (caught_up) return std::nullopt;
  }
  away_until_ = Clock::now() + kAwayFor;
  return std::nullopt;
}

}  // namespace silverback::store::postgres
