#include "runtime/publisher.h"

#include <algorithm>

#include "runtime/snapshot.h"
#include "runtime/synchroniser.h"
#include "runtime/worker.h"

namespace silverback::runtime {
namespace {

// A worker that does not answer for this long hangs; the write is committed all the same.
constexpr std::chrono::seconds kLongestWait{10};

}  // namespace

Publisher::Publisher(const entity::Catalog& catalog, store::Store& store, replica::Replica& replica,
                     SharedState* shared, Warn warn)
    : catalog_(catalog),
      store_(store),
      replica_(replica),
      shared_(shared),
      warn_(std::move(warn)) {}

void Publisher::Committed(const std::vector<store::Change>& changes) {
  std::vector<replica::Put> puts;
  puts.reserve(changes.size());
  for (const store::Change& change : changes)
    puts.push_back({change.schema, change.primary_key, change.row});
  // Two writers may commit in one order and come here in the other: what the store holds now is
  // what counts.
  // Opened at the first call, under the replica's lock, so that it sees every commit that came
  // before.
  std::optional<Result<std::unique_ptr<store::Transaction>>> transaction;
  const auto fetch = [&](const schema::Schema& schema,
                         std::string_view key) -> Result<std::optional<Json>> {
    if (!transaction) transaction.emplace(store_.Begin(store::Store::Mode::kRead));
    if (!*transaction) return transaction->error();
    return (**transaction)->Select(schema, key);
  };
  const auto applied = replica_.Apply(puts, fetch);
  if (!applied) {
    warn_("cannot bring a change into the replica: " + applied.error().message());
    return;
  }
  const bool held = std::any_of(changes.begin(), changes.end(), [](const store::Change& change) {
    return IsHeldBySnapshots(change.schema->name());
  });
  if (held) {
    MakeVisible();
  } else if (const auto read = shared_ ? replica_.Read() : nullptr) {
    PublishReplica(catalog_, *read, *shared_, Wake::kNobody);
  }
}

void Publisher::MakeVisible() {
  if (shared_) MakeReplicaVisible(catalog_, replica_, *shared_, warn_);
}

Result<size_t> Publisher::Resynchronise() {
  auto changed = Synchroniser(catalog_, store_, replica_).ReadAll();
  if (changed && *changed) MakeVisible();
  return changed;
}

uint64_t AnnounceReplica(const entity::Catalog& catalog, const replica::Replica& replica,
                         SharedState& shared) {
  const auto read = replica.Read();
  if (!read) return 0;
  PublishReplica(catalog, *read, shared);
  return read->generation();
}

void WaitForWorkers(SharedState& shared, uint64_t generation, const Publisher::Warn& warn) {
  if (!shared.WaitForWorkers(generation, kLongestWait))
    warn("not every worker has taken the new configuration yet");
}

void MakeReplicaVisible(const entity::Catalog& catalog, const replica::Replica& replica,
                        SharedState& shared, const Publisher::Warn& warn) {
  WaitForWorkers(shared, AnnounceReplica(catalog, replica, shared), warn);
}

}  // namespace silverback::runtime
