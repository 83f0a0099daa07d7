// Store: where the configuration truly lives (SQLite, PostgreSQL, a declarative file in memory). A
// store keeps rows, knows indexes and transactions, and nothing of validation: that is
// store::Dao's.
//
// Rows are JSON objects in the shape of schema::Schema's results: foreign keys as {"id": ...}, sets
// and arrays as lists, times as numbers. `null` and absent mean the same to a store; what it gives
// back has every field, null where there is no value. Rows of a ttl schema may hold "ttl": the
// absolute time (seconds since the epoch) at which they expire; expired rows are as good as gone
// for every read. Rows carry their workspace in "ws_id".
// Entities that are not stored (sql::IsStored) have no rows and take none.
//
// Threads: a Store may be used from any thread at once (it pools connections); a Transaction
// belongs to one thread. Every call may block on disk or network: never on an event loop.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/schema.h"
#include "store/change_feed.h"
#include "store/usage.h"
#include "util/json.h"
#include "util/result.h"

namespace silverback::store {

struct PageRequest {
  size_t size = 100;
  std::string after;  // primary key of the last row of the page before; "" for the first page
  std::string foreign_field;  // with foreign_id: only rows whose foreign field refers to it
  std::string foreign_id;
  std::string workspace;          // only rows of this workspace; "" for those of all
  std::vector<std::string> tags;  // only rows that carry all (tags_any: one) of them
  bool tags_any = false;
  bool tagged = false;        // only rows that carry any tag at all
  bool with_expired = false;  // also rows whose ttl has passed
};

struct RowPage {
  std::vector<Json> rows;  // ordered by primary key
  bool more = false;       // rows follow the last one
};

// Which rows a look-up sees: those that count, or only those whose ttl has passed but that still
// lie in the store and so block their unique values.
enum class Rows { kLive, kExpired };

// One row that a transaction inserted, changed or deleted.
struct Change {
  const schema::Schema* schema;
  std::string primary_key;
  std::optional<Json> row;  // as committed; nullopt: deleted
  // What was there before, where the Dao knows it (for cache keys and cluster events).
  std::optional<Json> old_row;
};

class Transaction {
 public:
  virtual ~Transaction() = default;  // without Commit: rolled back

  // Errors: kPrimaryKeyViolation, kUniqueViolation, kForeignKeyViolation (made with errors.h),
  // kDatabaseError, kUnavailable. After an error the transaction can only be rolled back.
  virtual Status Insert(const schema::Schema& schema, const Json& row) = 0;
  virtual Status Update(const schema::Schema& schema,
                        const Json& row) = 0;  // replaces the row with this primary key
  virtual Result<bool> Delete(const schema::Schema& schema,
                              std::string_view primary_key) = 0;  // false: was not there
  virtual Result<std::optional<Json>> Select(const schema::Schema& schema,
                                             std::string_view primary_key) = 0;
  // By a unique field, "cache_key" or a foreign unique one.
  virtual Result<std::optional<Json>> SelectBy(const schema::Schema& schema, std::string_view field,
                                               const Json& value, Rows rows = Rows::kLive) = 0;
  virtual Result<RowPage> Page(const schema::Schema& schema, const PageRequest& request) = 0;
  // Deletes at most `limit` rows that have expired; gives their primary keys.
  virtual Result<std::vector<std::string>> DeleteExpired(const schema::Schema& schema,
                                                         size_t limit) = 0;
  // Every row that has not expired, in the order of primary keys: what a node's replica is made of.
  // An error of `row` ends it and is given; the transaction is of no further use then.
  virtual Status Each(const schema::Schema& schema, const std::function<Status(const Json&)>& row);
  // Called before Commit with all that was changed: a store that other nodes share tells them in
  // the same commit.
  virtual Status Announce(const std::vector<Change>& changes);
  virtual Status Commit() = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // All that one reading transaction reads is of one moment. kReadCopy: it may be answered by a
  // read-only copy of the store, which may lack what other nodes have just written, but nothing
  // that this node did.
  enum class Mode { kRead, kReadCopy, kWrite };
  virtual Result<std::unique_ptr<Transaction>> Begin(Mode mode) = 0;

  virtual std::string_view strategy()
      const = 0;              // "postgres", "sqlite", "off": as in GET / and error prefixes
  virtual Status Ping() = 0;  // for /status database.reachable
  virtual std::string Version() const = 0;  // of the server or library, for start-up messages
  // Tells other nodes of something that is not a row; nothing when there are none.
  virtual Status Tell(const std::vector<ClusterEvent>& events);
  // Adds each amount to its counter, which all nodes share, and gives what each counter holds then
  // (those with amount 0 are only read). Errors: kOperationUnsupported where no nodes share the
  // store, kUnavailable.
  virtual Result<std::vector<int64_t>> CountUsage(const std::vector<UsageCount>& counts);
  // What other nodes change; nullptr: no other node shares this store.
  virtual std::unique_ptr<ChangeFeed> Feed() { return nullptr; }
};

}  // namespace silverback::store
