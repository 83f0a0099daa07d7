// RowReader: a ReadTransaction over the replica's tables, however they are read. Private to
// replica.
#pragma once

#include <utility>

#include "replica/lmdb_env.h"
#include "replica/replica.h"

namespace silverback::replica {

class RowReader : public ReadTransaction {
 public:
  // Both outlive it.
  RowReader(const entity::Catalog& catalog, const TableReader& reader)
      : catalog_(catalog), reader_(reader) {}

  uint64_t generation() const override;
  uint64_t version(int kind) const override;
  std::optional<Json> Find(const schema::Schema& schema,
                           std::string_view primary_key) const override;
  std::optional<Json> FindUnique(const schema::Schema& schema, std::string_view field,
                                 std::string_view value) const override;
  std::vector<Json> FindFor(const schema::Schema& schema, std::string_view field,
                            std::string_view id) const override;
  void Each(const schema::Schema& schema,
            const std::function<bool(std::string_view, std::string_view)>& visit,
            std::string_view from) const override;
  void EachFor(const schema::Schema& schema, std::string_view field, std::string_view id,
               const std::function<bool(std::string_view, std::string_view)>& visit,
               std::string_view from) const override;
  std::optional<std::string_view> FindText(const schema::Schema& schema,
                                           std::string_view primary_key) const override;
  size_t Count(const schema::Schema& schema) const override;
  std::optional<std::vector<ChangedRow>> ChangedSince(uint64_t generation) const override;

 private:
  const entity::Catalog& catalog_;
  const TableReader& reader_;
};

// A number of the table `meta`; 0 when it is not there.
uint64_t ReadNumber(const TableReader& reader, std::string_view name);
// Entity and primary key.
std::pair<std::string, std::string> SplitRowKey(std::string_view key);

}  // namespace silverback::replica
