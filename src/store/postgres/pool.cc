#include "store/postgres/pool.h"

namespace silverback::store::postgres {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMaxIdle = 32;
constexpr std::chrono::seconds kLongestIdle{60};

}  // namespace

Status Pool::WaitForTurn() {
  std::unique_lock lock(mutex_);
  const auto free = [this] {
    return options_.max_concurrent_queries <= 0 || lent_ < options_.max_concurrent_queries;
  };
  const std::chrono::milliseconds longest(options_.semaphore_timeout_ms);
  if (!turn_.wait_for(lock, longest, free)) {
    return Error(ErrorCode::kUnavailable, "error acquiring query semaphore: timeout");
  }
  ++lent_;
  return Ok();
}

void Pool::EndTurn() {
  {
    const std::scoped_lock lock(mutex_);
    --lent_;
  }
  turn_.notify_one();
}

Result<Pool::Loan> Pool::Take() {
  if (Status turn = WaitForTurn(); !turn) return turn.error();
  {
    std::vector<Idle> old;  // closed after the lock is given up
    const std::scoped_lock lock(mutex_);
    const auto now = Clock::now();
    while (!idle_.empty() && now - idle_.front().since > kLongestIdle) {
      old.push_back(std::move(idle_.front()));
      idle_.erase(idle_.begin());
    }
    if (!idle_.empty()) {
      Loan loan{std::move(idle_.back().connection), true};
      idle_.pop_back();
      return loan;
    }
  }
  auto opened = Connection::Open(options_);
  if (!opened) {
    EndTurn();
    return opened.error();
  }
  return Loan{*std::move(opened), false};
}

Result<Pool::Loan> Pool::Replace(std::unique_ptr<Connection> dead) {
  dead.reset();
  CloseAll();
  auto opened = Connection::Open(options_);
  if (!opened) return opened.error();
  return Loan{*std::move(opened), false};
}

void Pool::CloseAll() {
  std::vector<Idle> all;
  const std::scoped_lock lock(mutex_);
  all.swap(idle_);
}

void Pool::Give(std::unique_ptr<Connection> connection) {
  if (connection && connection->broken()) connection.reset();
  if (connection) {
    const std::scoped_lock lock(mutex_);
    if (idle_.size() < kMaxIdle) idle_.push_back({std::move(connection), Clock::now()});
  }
  EndTurn();
}

}  // namespace silverback::store::postgres
