#include "runtime/synchroniser.h"

namespace silverback::runtime {
namespace {

using replica::ChangedRow;
using schema::Schema;
using store::Store;

constexpr size_t kRowsPerChunk = 1000;  // compared at once
constexpr size_t kRowsPerStep = 200;    // brought in under one lock
constexpr size_t kManyDiffer = 20000;   // more of them are read quicker all together
constexpr size_t kProgressEvery = 100000;

// Compares the rows of one entity, which come in the order of their keys, with the replica's.
class Comparison {
 public:
  Comparison(const replica::Replica& replica, const Schema& schema, std::vector<ChangedRow>& out)
      : replica_(replica), schema_(schema), differing_(out) {}

  Status Add(const Json& row) {
    chunk_.push_back({StringMember(row, schema_.primary_key()), DumpJson(row)});
    return chunk_.size() < kRowsPerChunk ? Ok() : Match(false);
  }
  Status Finish() { return Match(true); }

 private:
  struct Row {
    std::string key, text;
  };

  Status Match(bool last) {
    const auto read = replica_.Read();
    if (!read) return Error(ErrorCode::kIo, "cannot read the replica");
    size_t i = 0;
    const auto visit = [&](std::string_view key, std::string_view text) {
      while (i < chunk_.size() && chunk_[i].key < key) Differs(chunk_[i++].key);
      if (i == chunk_.size() && !last) return false;
      if (i < chunk_.size() && chunk_[i].key == key) {
        if (chunk_[i].text != text) Differs(key);
        ++i;
      } else {
        Differs(key);
      }
      return true;
    };
    read->Each(schema_, visit, from_);
    while (i < chunk_.size()) Differs(chunk_[i++].key);
    if (!chunk_.empty()) from_ = chunk_.back().key + '\0';
    chunk_.clear();
    return Ok();
  }

  void Differs(std::string_view key) { differing_.push_back({schema_.name(), std::string(key)}); }

  const replica::Replica& replica_;
  const Schema& schema_;
  std::vector<ChangedRow>& differing_;
  std::vector<Row> chunk_;
  std::string from_;  // the replica's rows before it have been matched
};

}  // namespace

Status Synchroniser::ReadEntity(store::Transaction& transaction, const Schema& schema,
                                const std::function<Status(const Json&)>& row) {
  return transaction.Each(schema, [&](const Json& each) {
    if (++rows_read_ % kProgressEvery == 0 && progress_) progress_(rows_read_);
    return row(each);
  });
}

Result<size_t> Synchroniser::ReadAll(std::optional<std::string_view> position) {
  rows_read_ = 0;
  auto transaction = store_.Begin(Store::Mode::kRead);
  if (!transaction) return transaction.error();
  const auto rows = [&](const std::function<Status(const Schema&, const Json&)>& row) -> Status {
    for (const Schema* schema : catalog_.entities()) {
      const Status done =
          ReadEntity(**transaction, *schema, [&](const Json& each) { return row(*schema, each); });
      if (!done) return done;
    }
    return Ok();
  };
  return replica_.Synchronise(rows, position);
}

Result<std::vector<ChangedRow>> Synchroniser::Differing(std::span<const Schema* const> entities) {
  rows_read_ = 0;
  auto transaction = store_.Begin(Store::Mode::kRead);
  if (!transaction) return transaction.error();
  std::vector<ChangedRow> differing;
  for (const Schema* schema : entities) {
    Comparison comparison(replica_, *schema, differing);
    const Status done =
        ReadEntity(**transaction, *schema, [&](const Json& row) { return comparison.Add(row); });
    if (!done) return done.error();
    if (Status matched = comparison.Finish(); !matched) return matched.error();
  }
  return differing;
}

Status Synchroniser::RefreshInSteps(const std::vector<ChangedRow>& rows) {
  for (size_t i = 0; i < rows.size(); i += kRowsPerStep) {
    const auto first = rows.begin() + static_cast<ptrdiff_t>(i);
    const auto count = static_cast<ptrdiff_t>(std::min(kRowsPerStep, rows.size() - i));
    if (Status done = RefreshOnce({first, first + count}, std::nullopt); !done) return done;
  }
  return Ok();
}

Result<size_t> Synchroniser::CompareAll(std::optional<std::string_view> position) {
  if (!replica_.synchronised()) return ReadAll(position);
  const auto differing = Differing(catalog_.entities());
  if (!differing) return differing.error();
  if (differing->size() > kManyDiffer) return ReadAll(position);
  if (Status done = RefreshInSteps(*differing); !done) return done.error();
  if (position) {
    if (Status done = replica_.SetPosition(*position); !done) return done.error();
  }
  return differing->size();
}

Result<size_t> Synchroniser::Compare(std::span<const Schema* const> entities) {
  const auto differing = Differing(entities);
  if (!differing) return differing.error();
  if (Status done = RefreshInSteps(*differing); !done) return done.error();
  return differing->size();
}

Status Synchroniser::RefreshOnce(const std::vector<ChangedRow>& rows,
                                 std::optional<std::string_view> position) {
  // Opened at the first call, under the replica's lock: what is read is newer than what any writer
  // before had read.
  std::optional<Result<std::unique_ptr<store::Transaction>>> transaction;
  const auto fetch = [&](const Schema& schema,
                         std::string_view key) -> Result<std::optional<Json>> {
    if (!transaction) transaction.emplace(store_.Begin(Store::Mode::kRead));
    if (!*transaction) return transaction->error();
    return (**transaction)->Select(schema, key);
  };
  const auto done = replica_.Refresh(rows, fetch, position);
  return done ? Ok() : Status(done.error());
}

std::vector<ChangedRow> Synchroniser::ReferrersOfGone(const std::vector<ChangedRow>& rows) const {
  std::vector<ChangedRow> found;
  const auto read = replica_.Read();
  if (!read) return found;
  for (const ChangedRow& row : rows) {
    const Schema* schema = catalog_.Entity(row.entity);
    if (!schema || catalog_.ReferrersOf(row.entity).empty()) continue;
    if (read->Find(*schema, row.primary_key)) continue;
    for (const auto& referrer : catalog_.ReferrersOf(row.entity)) {
      for (const Json& each :
           read->FindFor(*referrer.schema, referrer.field->name, row.primary_key)) {
        found.push_back(
            {referrer.schema->name(), StringMember(each, referrer.schema->primary_key())});
      }
    }
  }
  return found;
}

Status Synchroniser::Refresh(const std::vector<ChangedRow>& rows,
                             std::optional<std::string_view> position) {
  std::vector<ChangedRow> now = rows;
  // References are as deep as entities: more rounds than that find nothing new.
  for (size_t round = 0; round <= catalog_.entities().size() && !now.empty(); ++round) {
    if (Status done = RefreshInSteps(now); !done) return done;
    now = ReferrersOfGone(now);
  }
  return position ? replica_.SetPosition(*position) : Ok();
}

}  // namespace silverback::runtime
