#include "dns/answer.h"

#include <algorithm>
#include <numeric>

namespace silverback::dns {
namespace {

// More turns than this are not worth exact shares.
constexpr int64_t kMostTurns = 4096;

bool SameSet(const std::vector<Record>& a, const std::vector<Record>& b) {
  const auto same = [](const Record& x, const Record& y) {
    return x.type == y.type && x.value == y.value && x.port == y.port && x.weight == y.weight &&
           x.priority == y.priority;
  };
  return std::is_permutation(a.begin(), a.end(), b.begin(), b.end(), same);
}

}  // namespace

Answer::Answer(std::vector<Record> records, double expires_at, uint32_t seed)
    : records_(std::move(records)), expires_at_(expires_at), random_(seed) {}

void Answer::BuildTurns() const {
  at_ = 0;
  if (!turns_.empty()) {
    std::shuffle(turns_.begin(), turns_.end(), random_);
    return;
  }
  int best = records_.front().priority;
  for (const Record& record : records_) best = std::min(best, record.priority);
  int64_t divisor = 0, total = 0;
  const auto weight = [](const Record& record) { return std::max<int64_t>(1, record.weight); };
  for (const Record& record : records_) {
    if (record.priority != best) continue;
    divisor = std::gcd(divisor, weight(record));
    total += weight(record);
  }
  divisor = std::max(divisor, (total + kMostTurns - 1) / kMostTurns);
  for (uint32_t i = 0; i < records_.size(); ++i) {
    if (records_[i].priority != best) continue;
    const auto count = static_cast<size_t>(std::max<int64_t>(1, weight(records_[i]) / divisor));
    turns_.insert(turns_.end(), count, i);
  }
  std::shuffle(turns_.begin(), turns_.end(), random_);
}

const Record& Answer::Next() const {
  if (records_.size() == 1) return records_.front();
  if (type() != Type::kSrv) {
    if (at_ >= records_.size()) at_ = 0;
    return records_[at_++];
  }
  if (at_ >= turns_.size()) BuildTurns();
  return records_[turns_[at_++]];
}

void Answer::ContinueAs(const Answer& older) {
  if (!SameSet(records_, older.records_)) return;
  records_ = older.records_;
  turns_ = older.turns_;
  at_ = older.at_;
}

}  // namespace silverback::dns
