#include "runtime/usage_exchange.h"

#include <algorithm>
#include <iterator>

namespace silverback::runtime {
namespace {

using plugin::UsageKind;
using plugin::UsageWindow;

// Longer than that no request waits for the store.
constexpr int kPatienceMs = 1000;
// After a failure it is not asked for that long.
constexpr double kPauseSeconds = 2;
constexpr size_t kMostKept = 100000;

// New windows beyond the bound are not counted; those that are known always are.
void AddTo(std::map<UsageWindow, int64_t>& counts, UsageWindow window, int64_t amount) {
  const auto known = counts.find(window);
  if (known != counts.end()) {
    known->second += amount;
  } else if (counts.size() < kMostKept) {
    counts.emplace(std::move(window), amount);
  }
}

store::UsageCount ToCount(const UsageWindow& window, int64_t amount) {
  return {window.identifier,
          window.period,
          window.start,
          window.seconds,
          window.service_id,
          window.route_id,
          amount,
          window.kind == plugin::UsageKind::kResponses};
}

}  // namespace

UsageExchange::UsageExchange(Setup setup) : setup_(std::move(setup)) {}

void UsageExchange::Start() {
  thread_ = std::thread([this] { Run(); });
}

UsageExchange::~UsageExchange() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool UsageExchange::Available() const { return setup_.now() >= away_until_; }

void UsageExchange::Ask(std::vector<UsageWindow> windows, Done done) {
  auto waiter = std::make_shared<Waiter>();
  waiter->done = std::move(done);
  waiter->timer = setup_.timers.After(kPatienceMs, [this, weak = std::weak_ptr(waiter)] {
    const auto waiting = weak.lock();
    if (!waiting || !waiting->done) return;
    away_until_ = setup_.now() + kPauseSeconds;
    std::exchange(waiting->done, nullptr)(Error(ErrorCode::kUnavailable, "timeout"));
  });
  {
    const std::scoped_lock lock(mutex_);
    questions_.push_back({std::move(windows), std::move(waiter)});
  }
  work_.notify_one();
}

void UsageExchange::Count(std::vector<UsageWindow> windows, int64_t amount) {
  {
    const std::scoped_lock lock(mutex_);
    for (UsageWindow& window : windows) AddTo(counts_, std::move(window), amount);
  }
  work_.notify_one();
}

// What is still of use waits for the next round.
void UsageExchange::Keep(Counts counts) {
  const auto now = static_cast<int64_t>(setup_.now());
  const std::scoped_lock lock(mutex_);
  for (const auto& [window, amount] : counts) {
    if (window.start + window.seconds > now) AddTo(counts_, window, amount);
  }
}

void UsageExchange::Run() {
  constexpr std::chrono::milliseconds kPause{500};
  for (;;) {
    std::unique_lock lock(mutex_);
    work_.wait(lock, [this] { return stopping_ || !counts_.empty() || !questions_.empty(); });
    // At its end what was counted is still told, but nothing is waited for.
    if (stopping_ && (counts_.empty() || away_)) return;
    if (away_ && questions_.empty()) {
      work_.wait_for(lock, kPause, [this] { return stopping_ || !questions_.empty(); });
    }
    Counts counts = std::exchange(counts_, {});
    std::vector<Question> questions = std::exchange(questions_, {});
    const bool last = stopping_;
    lock.unlock();
    RoundsByTable(std::move(counts), std::move(questions));
    if (last) return;
  }
}

// What is counted in one table goes in one transaction, so that none of it is ever counted twice.
void UsageExchange::RoundsByTable(Counts counts, std::vector<Question> questions) {
  Counts of_responses;
  for (auto at = counts.begin(); at != counts.end();) {
    const auto next = std::next(at);
    if (at->first.kind == UsageKind::kResponses) of_responses.insert(counts.extract(at));
    at = next;
  }
  const auto first =
      std::stable_partition(questions.begin(), questions.end(), [](const Question& question) {
        return question.windows.empty() || question.windows.front().kind == UsageKind::kRequests;
      });
  std::vector<Question> about_responses(std::make_move_iterator(first),
                                        std::make_move_iterator(questions.end()));
  questions.erase(first, questions.end());
  if (!counts.empty() || !questions.empty()) Round(std::move(counts), std::move(questions));
  if (!of_responses.empty() || !about_responses.empty())
    Round(std::move(of_responses), std::move(about_responses));
}

void UsageExchange::Round(Counts counts, std::vector<Question> questions) {
  std::vector<store::UsageCount> all;
  for (const auto& [window, amount] : counts) all.push_back(ToCount(window, amount));
  const size_t told = all.size();
  for (const Question& question : questions) {
    for (const UsageWindow& window : question.windows) all.push_back(ToCount(window, 0));
  }
  const auto values = setup_.store.CountUsage(all);
  if (!values) {
    Keep(std::move(counts));
    away_until_ = setup_.now() + kPauseSeconds;
    if (!std::exchange(away_, true)) {
      setup_.log.Log(plugin::LogLevel::kWarn,
                     "usage is counted on this node alone: " + values.error().message());
    }
  } else if (std::exchange(away_, false)) {
    away_until_ = 0;
    setup_.log.Log(plugin::LogLevel::kNotice, "usage is counted together with other nodes again");
  }
  size_t next = told;
  for (Question& question : questions) {
    const auto first = static_cast<ptrdiff_t>(next);
    next += question.windows.size();
    if (!values) {
      Answer(std::move(question.waiter), values.error());
    } else {
      Answer(std::move(question.waiter),
             std::vector<int64_t>(values->begin() + first,
                                  values->begin() + static_cast<ptrdiff_t>(next)));
    }
  }
}

void UsageExchange::Answer(std::shared_ptr<Waiter> waiter, Result<std::vector<int64_t>> values) {
  setup_.post([waiter = std::move(waiter), values = std::move(values)]() mutable {
    waiter->timer.reset();
    if (waiter->done) std::exchange(waiter->done, nullptr)(std::move(values));
  });
}

}  // namespace silverback::runtime
