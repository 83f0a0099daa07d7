// Replica: the node's own copy of the configuration, an LMDB file in the prefix that all processes
// of the node map into memory. The data path reads it and never a database. One writer at a time
// (LMDB's lock, across processes); readers never wait.
//
// A replica holds, per entity: rows by primary key; look-ups by unique fields, by cache_key and by
// foreign fields. Every change is one LMDB transaction that also moves the generation: a number
// that only grows, beside one version per entity.
//
// Threads: any. A Snapshot of it (ReadTransaction) belongs to one thread at a time. It survives
// kill -9 at any instant; after a power failure it may be older than the store and is brought up to
// date by the full synchronisation at start.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "entity/catalog.h"
#include "util/json.h"
#include "util/result.h"

namespace silverback::replica {

struct Put {
  const schema::Schema* schema;
  std::string primary_key;
  std::optional<Json> row;  // nullopt deletes
};

struct ChangedRow {
  std::string entity;  // schema name
  std::string primary_key;
};

class ReadTransaction {
 public:
  virtual ~ReadTransaction() = default;
  virtual uint64_t generation() const = 0;
  virtual uint64_t version(int kind)
      const = 0;  // of one entity (Catalog::KindIndex): the generation that last changed it
  virtual std::optional<Json> Find(const schema::Schema& schema,
                                   std::string_view primary_key) const = 0;
  virtual std::optional<Json> FindUnique(const schema::Schema& schema, std::string_view field,
                                         std::string_view value) const = 0;
  virtual std::vector<Json> FindFor(const schema::Schema& schema, std::string_view field,
                                    std::string_view id) const = 0;
  // Every row in primary key order, until `visit` returns false; only those with a key from `from`
  // on.
  virtual void Each(const schema::Schema& schema,
                    const std::function<bool(std::string_view key, std::string_view row)>& visit,
                    std::string_view from = "") const = 0;
  // Those whose foreign field refers to `id`, from the key `from` on.
  virtual void EachFor(const schema::Schema& schema, std::string_view field, std::string_view id,
                       const std::function<bool(std::string_view key, std::string_view row)>& visit,
                       std::string_view from = "") const = 0;
  // The row's text; valid as long as this transaction.
  virtual std::optional<std::string_view> FindText(const schema::Schema& schema,
                                                   std::string_view primary_key) const = 0;
  virtual size_t Count(const schema::Schema& schema) const = 0;
  // The rows that changed after `generation`, each once; nullopt when that is too long ago to be
  // known (read all rows then).
  virtual std::optional<std::vector<ChangedRow>> ChangedSince(uint64_t generation) const = 0;
};

// Look-ups of single rows, one after the other, by one thread, in whatever part of a replica of any
// size: the process does not grow by what they touch.
class Lookups {
 public:
  virtual ~Lookups() = default;
  // What is seen until End(), which must follow; nullptr: no reading now. No views into it are
  // given (FindText).
  virtual const ReadTransaction* Begin() = 0;
  virtual void End() = 0;
};

// Takes a row; `text` is what DumpJson gives for it, where that is known.
class RowSink {
 public:
  using Take = std::function<Status(const schema::Schema&, const Json& row, std::string_view text)>;
  explicit RowSink(Take take) : take_(std::move(take)) {}
  Status operator()(const schema::Schema& schema, const Json& row,
                    std::string_view text = "") const {
    return take_(schema, row, text);
  }

 private:
  Take take_;
};

class Replica {
 public:
  struct Options {
    std::string path;                    // folder, made when missing (0700; the file is 0600)
    size_t map_size = size_t{16} << 30;  // address space, not memory
  };
  // `catalog` outlives the replica. A file of another format or catalog version is emptied (`fresh`
  // tells).
  static Result<std::unique_ptr<Replica>> Open(const entity::Catalog& catalog,
                                               const Options& options);
  virtual ~Replica() = default;

  virtual std::unique_ptr<ReadTransaction> Read() const = 0;
  virtual std::unique_ptr<Lookups> MakeLookups() const = 0;
  virtual uint64_t generation() const = 0;
  virtual bool synchronised() const = 0;  // a full synchronisation has completed at least once
  virtual size_t size() const = 0;        // rows of all entities
  // Up to where a store's changes (store::ChangeFeed) are in it, or without a database which
  // document it was given; "" when that is not known.
  virtual std::string position() const = 0;
  // Lets go of the pages of the file that this process has touched; they come back as they are
  // needed. Costs as much as reading them anew, from memory.
  virtual void ReturnPages() const {}
  virtual Status SetPosition(std::string_view position) = 0;

  // Applies `puts` in order as one step. `fetch`, when given, is called for each under the writer's
  // lock and gives the row as the store has it now (so that concurrent writers end with the store's
  // order); its failure keeps Put::row.
  using Fetch = std::function<Result<std::optional<Json>>(const schema::Schema&,
                                                          std::string_view primary_key)>;
  virtual Result<uint64_t> Apply(const std::vector<Put>& puts, const Fetch& fetch = nullptr) = 0;

  // Brings rows up to what `fetch` gives, called under the writer's lock as in Apply; when it fails
  // nothing is changed. `position`, when given, is kept with it.
  virtual Result<uint64_t> Refresh(const std::vector<ChangedRow>& rows, const Fetch& fetch,
                                   std::optional<std::string_view> position = std::nullopt) = 0;

  // Full synchronisation: `next` gives all rows of the store, entity by entity (any order, each row
  // once); what differs is changed, what is missing deleted, in one step. Gives how many rows
  // changed.
  using RowSource = std::function<Status(const RowSink& row)>;
  virtual Result<size_t> Synchronise(const RowSource& next,
                                     std::optional<std::string_view> position = std::nullopt) = 0;
};

}  // namespace silverback::replica
