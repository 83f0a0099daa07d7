#include "runtime/change_applier.h"

namespace silverback::runtime {
namespace {

using schema::Schema;
using store::Mention;

// More rows than that are compared rather than read one by one.
constexpr size_t kManyRows = 5000;
constexpr std::chrono::seconds kToldTogether{10};
// Custom plugins of Kong nodes invalidate keys of their own, which may have nothing to do with
// rows.
constexpr std::chrono::minutes kEverythingAtMostEvery{1};

}  // namespace

Status ChangeApplier::Apply(const std::vector<store::ClusterEvent>& events,
                            const std::string& position) {
  Plan plan;
  Status status;
  for (const store::ClusterEvent& event : events) {
    for (const Mention& mention : store::MentionsOf(catalog_, event)) {
      if (status) status = AddMention(mention, plan);
    }
  }
  transaction_.reset();
  return status ? Carry(plan, position) : status;
}

Status ChangeApplier::AddMention(const Mention& mention, Plan& plan) {
  switch (mention.kind) {
    case Mention::Kind::kRow:
      AddRow(*mention.schema, mention.value, plan);
      return Ok();
    case Mention::Kind::kUnique:
      return AddUnique(mention, plan);
    case Mention::Kind::kForeign:
      return AddForeign(mention, plan);
    case Mention::Kind::kEntity:
      if (!ToldOf(*mention.schema)) plan.whole.insert(mention.schema);
      return Ok();
    case Mention::Kind::kAnything:
      plan.everything = true;
      return Ok();
  }
  return Ok();
}

void ChangeApplier::AddRow(const Schema& schema, std::string key, Plan& plan) {
  told_[schema.name()] = Clock::now();
  if (!plan.known.emplace(schema.name(), key).second) return;
  plan.rows.push_back({schema.name(), std::move(key)});
}

bool ChangeApplier::ToldOf(const Schema& schema) const {
  const auto recently = [&](const std::string& name) {
    const auto found = told_.find(name);
    return found != told_.end() && Clock::now() - found->second < kToldTogether;
  };
  // The router is told to be new for services too.
  return recently(schema.name()) || (schema.name() == "routes" && recently("services"));
}

Result<store::Transaction*> ChangeApplier::Asking() {
  if (!transaction_) {
    auto begun = store_.Begin(store::Store::Mode::kRead);
    if (!begun) return begun.error();
    transaction_ = *std::move(begun);
  }
  return transaction_.get();
}

Status ChangeApplier::AddUnique(const Mention& mention, Plan& plan) {
  told_[mention.schema->name()] = Clock::now();
  const std::string& key = mention.schema->primary_key();
  // The row that had the value, as the node knows it, and the one that has it now.
  if (const auto read = replica_.Read()) {
    const auto row = read->FindUnique(*mention.schema, mention.field, mention.value);
    if (row) AddRow(*mention.schema, StringMember(*row, key), plan);
  }
  const auto asking = Asking();
  if (!asking) return asking.error();
  const auto row = (*asking)->SelectBy(*mention.schema, mention.field, mention.value);
  if (!row) return row.error();
  if (*row) AddRow(*mention.schema, StringMember(**row, key), plan);
  return Ok();
}

Status ChangeApplier::AddForeign(const Mention& mention, Plan& plan) {
  const std::string& key = mention.schema->primary_key();
  if (const auto read = replica_.Read()) {
    for (const Json& row : read->FindFor(*mention.schema, mention.field, mention.value)) {
      AddRow(*mention.schema, StringMember(row, key), plan);
    }
  }
  const auto asking = Asking();
  if (!asking) return asking.error();
  store::PageRequest request;
  request.size = kManyRows;
  request.foreign_field = mention.field;
  request.foreign_id = mention.value;
  const auto page = (*asking)->Page(*mention.schema, request);
  if (!page) return page.error();
  for (const Json& row : page->rows) AddRow(*mention.schema, StringMember(row, key), plan);
  if (page->more) plan.whole.insert(mention.schema);
  return Ok();
}

Status ChangeApplier::Carry(const Plan& plan, const std::string& position) {
  const bool everything =
      plan.everything &&
      (!compared_everything_ || Clock::now() - *compared_everything_ > kEverythingAtMostEvery);
  if (everything) {
    const auto done = synchroniser_.CompareAll(position);
    if (!done) return done.error();
    compared_everything_ = Clock::now();
    return Ok();
  }
  std::set<const Schema*> whole = plan.whole;
  const bool many = plan.rows.size() > kManyRows;
  if (many) {
    for (const replica::ChangedRow& row : plan.rows) whole.insert(catalog_.Entity(row.entity));
  }
  if (!whole.empty()) {
    const std::vector<const Schema*> list(whole.begin(), whole.end());
    const auto done = synchroniser_.Compare(list);
    if (!done) return done.error();
  }
  return synchroniser_.Refresh(many ? std::vector<replica::ChangedRow>() : plan.rows, position);
}

}  // namespace silverback::runtime
