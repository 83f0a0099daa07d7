// What single entities need beyond their schema when they are written or read: hashed passwords,
// normalised targets, protocols of plugins that must fit their route. One table (entity_hooks.cc)
// has a row per entity; the Dao knows none of them.
//
// Threads: any. The context's transaction is the one that the write is part of.
#pragma once

#include "entity/catalog.h"
#include "store/store.h"

namespace silverback::store {

struct HookContext {
  const entity::Catalog& catalog;
  Transaction& transaction;
  const schema::Schema& schema;
  const Json& sent;          // what the client sent
  const Json& given;         // the same, foreign keys resolved
  const Json* current;       // the stored row; nullptr when there is none
  bool hash_secrets = true;  // false: they are hashed already
};

// Before validation: refuses what the schema cannot see.
Status CheckGiven(const HookContext& context);
// After validation, before the store: completes `row`.
Status BeforeWrite(const HookContext& context, Json& row);
// What a row of a declarative document needs to be as stores hold it: secrets hashed unless they
// are already, targets normalised.
Status CompleteRow(const schema::Schema& schema, Json& row, bool hash_secrets);
// Whether that changes rows of this kind at all.
bool CompletesRows(const schema::Schema& schema);
// A row on its way to the client.
void AfterRead(const schema::Schema& schema, Json& row);

}  // namespace silverback::store
