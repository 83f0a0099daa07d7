// Writes of entities by the Admin API: the Dao's, with what some entities need beyond one row (the
// names of a certificate). Any thread; every call blocks on the store.
#pragma once

#include "schema/schema.h"
#include "store/dao.h"
#include "util/json.h"
#include "util/result.h"

namespace silverback::admin {

Result<Json> InsertRow(store::Dao& dao, const schema::Schema& schema, Json body);
Result<Json> UpsertRow(store::Dao& dao, const schema::Schema& schema, const store::Key& key,
                       Json body);
Result<Json> UpdateRow(store::Dao& dao, const schema::Schema& schema, const store::Key& key,
                       Json body);

// false: there was nothing to delete.
Result<bool> DeleteRow(store::Dao& dao, const schema::Schema& schema, const store::Key& key);

// Adds "snis", the certificate's names, to its row.
Status AddNames(store::Dao& dao, Json& certificate);

}  // namespace silverback::admin
