// Answer: what a name means. Event loop only.
#pragma once

#include <memory>
#include <random>
#include <vector>

#include "dns/record.h"

namespace silverback::dns {

// Addresses of one type, or the entries of an SRV record. Never empty.
class Answer {
 public:
  Answer(std::vector<Record> records, double expires_at, uint32_t seed);

  const std::vector<Record>& records() const { return records_; }
  Type type() const { return records_.front().type; }
  double expires_at() const { return expires_at_; }  // by the loop's clock
  // The record whose turn it is: addresses one after the other; of SRV records those of the best
  // priority, by their weights.
  const Record& Next() const;

  // When `older` says the same: whose turn it is goes on.
  void ContinueAs(const Answer& older);

 private:
  void BuildTurns() const;

  std::vector<Record> records_;
  double expires_at_;
  mutable std::minstd_rand random_;
  mutable std::vector<uint32_t> turns_;
  mutable size_t at_ = 0;
};
using AnswerRef = std::shared_ptr<const Answer>;

}  // namespace silverback::dns
