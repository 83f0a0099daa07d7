// Dao: the operations on entities that the Admin API, imports and plugins use: validation by
// schema, generated values, unique and foreign keys, cascades and restrictions on delete, time to
// live, pages and tags, on any Store. Errors are Kong's.
//
// Errors: made with errors.h. The fields of kInvalidUnique and kInvalidOptions have the field or
// option as their one key; kOperationUnsupported comes from a store without a database (strategy
// "off"), after validation.
//
// Threads: any; every call blocks on the store. Entities that are not stored (tags) have no rows.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "entity/catalog.h"
#include "store/store.h"

namespace silverback::store {

class Operation;

// Told of every commit before the operation returns. The implementation brings the node's replica
// up to date and waits until the workers serve by it (runtime::Publisher); tests collect.
class ChangeSink {
 public:
  virtual ~ChangeSink() = default;
  virtual void Committed(const std::vector<Change>& changes) = 0;
};

struct Page {
  std::vector<Json> rows;
  std::optional<std::string> offset;  // opaque; absent on the last page
};

struct ListOptions {
  std::optional<size_t> size;  // 1..1000, default 100
  std::string offset;          // as a Page gave it
  std::vector<std::string> tags;
  bool tags_any = false;
};

// How a row is addressed: by primary key or by a unique field.
struct Key {
  std::string field;  // "" for the primary key
  std::string value;
};

// How an upsert treats what it is given.
struct WriteOptions {
  bool hash_secrets = true;  // false: secrets are hashed already, as exports hold them
  bool keep_times = false;   // a given updated_at stays
};

class Dao {
 public:
  // `catalog`, `store` and `sink` outlive the Dao; sink may be nullptr.
  Dao(const entity::Catalog& catalog, Store& store, ChangeSink* sink);

  // Rows come back as the Admin API shows them (schema::Schema::Present, ttl as seconds left, no
  // ws_id).
  Result<Json> Insert(std::string_view entity, Json input);
  Result<std::optional<Json>> Select(std::string_view entity, const Key& key);
  Result<Json> Update(std::string_view entity, const Key& key,
                      Json patch);  // kNotFound when missing
  Result<Json> Upsert(std::string_view entity, const Key& key, Json input,
                      const WriteOptions& options = {});
  Result<bool> Delete(std::string_view entity, const Key& key);  // false: was not there
  Result<Page> List(std::string_view entity, const ListOptions& options);
  Result<Page> ListFor(std::string_view entity, std::string_view foreign_field,
                       std::string_view foreign_id, const ListOptions& options);
  // {"tag": ..., "entity_name": ..., "entity_id": ...} rows; of one tag, or of all when `tag` is
  // empty. (Without a database those of one tag are never found, as in Kong.)
  Result<Page> ListTags(std::string_view tag, const ListOptions& options);

  // Several operations in one store transaction: all or nothing, one notification of the sink.
  // Operations called on `dao` inside `work` join it. An error that `work` returns rolls everything
  // back.
  Status InTransaction(const std::function<Status(Dao& dao)>& work);

  // Deletes expired rows in small steps; gives how many went.
  Result<size_t> DeleteExpired();

  const entity::Catalog& catalog() const { return catalog_; }
  Store& store() const { return store_; }
  // The default workspace's id, read (and on an empty store made) once.
  Result<std::string> WorkspaceId();

 private:
  struct State;
  Dao(const Dao& outer, Transaction& joined, std::vector<Change>& changes);

  const schema::Schema* Entity(std::string_view name) const;
  bool read_only() const;
  // Runs `work` in a transaction, its own or the surrounding one, and tells the sink when its own
  // is committed.
  Status Write(const std::function<Status(Operation&)>& work);
  Status Read(const std::function<Status(Operation&)>& work);
  Status Commit(std::unique_ptr<Transaction> transaction, const std::vector<Change>& changes);
  Status InsertIn(Operation& operation, const schema::Schema& schema, Json input, Json& made);
  Status TurnToOther(Operation& operation, const schema::Schema& schema, const Key& key,
                     Json& patch, std::optional<Json>& old);
  Status UpdateIn(Operation& operation, const schema::Schema& schema, const Key& key, Json patch,
                  Json& made);
  Status UpsertIn(Operation& operation, const schema::Schema& schema, const Key& key, Json input,
                  const WriteOptions& options, Json& made);
  Result<Page> ListRows(const schema::Schema& schema, PageRequest request,
                        const ListOptions& options);

  const entity::Catalog& catalog_;
  Store& store_;
  ChangeSink* sink_;
  std::shared_ptr<State> state_;
};

}  // namespace silverback::store
