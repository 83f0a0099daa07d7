// Operation: the rows that one transaction of the Dao writes, with what follows from each: foreign
// keys, cascades, expired rows in the way, and the list of changes. Private to store.
//
// Threads: one.
#pragma once

#include <string>
#include <vector>

#include "entity/catalog.h"
#include "store/dao.h"
#include "store/store.h"

namespace silverback::store {

class Operation {
 public:
  // All outlive the operation. `workspace`: the id that new rows carry.
  Operation(const entity::Catalog& catalog, Transaction& transaction, std::string workspace,
            std::vector<Change>& changes)
      : catalog_(catalog),
        transaction_(transaction),
        workspace_(std::move(workspace)),
        changes_(changes) {}

  Transaction& transaction() { return transaction_; }
  const entity::Catalog& catalog() const { return catalog_; }

  // By primary key or unique field, as stored. Errors: an invalid key.
  Result<std::optional<Json>> Find(const schema::Schema& schema, const Key& key,
                                   Rows rows = Rows::kLive);

  // Foreign keys that are given by name ({"name": "x"}) become {"id": ...}.
  Status ResolveForeign(const schema::Schema& schema, Json& input);

  Status Insert(const schema::Schema& schema, Json& row);
  Status Replace(const schema::Schema& schema, Json& row, const Json& old);
  // With all that goes with it; an error when something else must not lose it.
  Status Delete(const schema::Schema& schema, const Json& row);

 private:
  Result<Json> ResolveOne(const schema::Field& field, const Json& value, Json& errors);
  Status CheckForeign(const schema::Schema& schema, const Json& row, const Json* old);
  Status RemoveExpired(const schema::Schema& schema, const Json& row);
  Status CheckEmptyWorkspace(const std::string& id);
  Status CheckUnreferenced(const schema::Schema& schema, const std::string& id);
  Status FollowReferrers(const schema::Schema& schema, const std::string& id);
  Status FollowRow(const entity::Catalog::Referrer& referrer, const Json& row);

  const entity::Catalog& catalog_;
  Transaction& transaction_;
  const std::string workspace_;
  std::vector<Change>& changes_;
};

// What is wrong with `value` as the unique field of `schema` ("" when nothing is).
std::string InvalidUnique(const schema::Schema& schema, const std::string& field,
                          const std::string& value);

// UUIDs are written in lower case, whatever the client sent.
void LowerUuids(const schema::Schema& schema, Json& input);

}  // namespace silverback::store
