// Synchroniser: brings the node's replica up to its store: all of it in one step, all of it by
// comparing, or single rows. Any thread that may block; it waits for the store and, where it says
// so, keeps other writers of the replica waiting meanwhile.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "entity/catalog.h"
#include "replica/replica.h"
#include "store/store.h"

namespace silverback::runtime {

class Synchroniser {
 public:
  // Told now and then how many rows were read so far. May be empty.
  using Progress = std::function<void(size_t rows)>;
  // All outlive it.
  Synchroniser(const entity::Catalog& catalog, store::Store& store, replica::Replica& replica,
               Progress progress = nullptr)
      : catalog_(catalog), store_(store), replica_(replica), progress_(std::move(progress)) {}

  // `position` is what the replica holds as its own then (Replica::position); without it that
  // stays.
  //
  // Reads the whole store into the replica in one step, under its writers' lock. Rows of entities
  // that the catalog does not know go. Gives how many differed. An error changes nothing.
  Result<size_t> ReadAll(std::optional<std::string_view> position = std::nullopt);

  // Compares all rows without any lock, and brings those that differ up to the store in small
  // steps. Where very many differ it reads all instead.
  Result<size_t> CompareAll(std::optional<std::string_view> position = std::nullopt);
  // Of these entities only.
  Result<size_t> Compare(std::span<const schema::Schema* const> entities);

  // Brings these rows up to what the store has now; of those that are gone from it also the rows
  // that referred to them. An error may leave some of it undone; `position` is kept when all is
  // done.
  Status Refresh(const std::vector<replica::ChangedRow>& rows,
                 std::optional<std::string_view> position = std::nullopt);

 private:
  Status ReadEntity(store::Transaction& transaction, const schema::Schema& schema,
                    const std::function<Status(const Json&)>& row);
  Result<std::vector<replica::ChangedRow>> Differing(
      std::span<const schema::Schema* const> entities);
  Status RefreshInSteps(const std::vector<replica::ChangedRow>& rows);
  Status RefreshOnce(const std::vector<replica::ChangedRow>& rows,
                     std::optional<std::string_view> position);
  std::vector<replica::ChangedRow> ReferrersOfGone(
      const std::vector<replica::ChangedRow>& rows) const;

  const entity::Catalog& catalog_;
  store::Store& store_;
  replica::Replica& replica_;
  const Progress progress_;
  size_t rows_read_ = 0;
};

}  // namespace silverback::runtime
