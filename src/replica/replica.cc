// Tables: rows    ENTITY\0KEY                    -> the row as JSON text
//         unique  ENTITY\0FIELD\0VALUE           -> primary key, of credentials with the row
//         foreign ENTITY\0FIELD\0ID\0KEY         -> primary key
//         log     generation, number             -> ENTITY\0KEY of a row that this generation
//         changed meta    format, generation, synchronised, position,
//         version:ENTITY
#include "replica/replica.h"

#include <fmt/format.h>

#include <unordered_set>

#include "replica/keys.h"
#include "replica/lmdb_env.h"
#include "replica/page_reader.h"
#include "replica/row_reader.h"
#include "replica/row_writer.h"
#include "util/string_util.h"

namespace silverback::replica {
namespace {

constexpr std::string_view kFormat = "silverback-replica-2";
constexpr std::string_view kPosition = "position";

// Both kinds of reading see the same.
class MappedRead final : public RowReader {
 public:
  MappedRead(const entity::Catalog& catalog, const LmdbEnv& env)
      : RowReader(catalog, txn_), txn_(env.env(), env.tables(), false) {}
  bool ok() const { return txn_.ok(); }

 private:
  Txn txn_;
};

class SparingLookups final : public Lookups {
 public:
  SparingLookups(const entity::Catalog& catalog, std::unique_ptr<PageReader> pages)
      : pages_(std::move(pages)), rows_(catalog, *pages_) {}

  const ReadTransaction* Begin() override { return pages_->Begin() ? &rows_ : nullptr; }
  void End() override { pages_->End(); }

 private:
  const std::unique_ptr<PageReader> pages_;
  const RowReader rows_;
};

class MappedLookups final : public Lookups {
 public:
  explicit MappedLookups(const Replica& replica) : replica_(replica) {}
  const ReadTransaction* Begin() override { return (read_ = replica_.Read()).get(); }
  void End() override { read_.reset(); }

 private:
  const Replica& replica_;
  std::unique_ptr<ReadTransaction> read_;
};

class LmdbReplica final : public Replica {
 public:
  LmdbReplica(const entity::Catalog& catalog, std::unique_ptr<LmdbEnv> env)
      : catalog_(catalog), env_(std::move(env)) {}

  std::unique_ptr<ReadTransaction> Read() const override {
    auto read = std::make_unique<MappedRead>(catalog_, *env_);
    return read->ok() ? std::move(read) : nullptr;
  }

  std::unique_ptr<Lookups> MakeLookups() const override {
    if (auto pages = PageReader::Create(*env_))
      return std::make_unique<SparingLookups>(catalog_, std::move(pages));
    return std::make_unique<MappedLookups>(*this);
  }

  uint64_t generation() const override {
    Txn txn(env_->env(), env_->tables(), false);
    return txn.ok() ? ReadNumber(txn, "generation") : 0;
  }

  bool synchronised() const override {
    Txn txn(env_->env(), env_->tables(), false);
    return txn.ok() && txn.Get(env_->tables().meta, "synchronised").has_value();
  }

  size_t size() const override {
    Txn txn(env_->env(), env_->tables(), false);
    return txn.ok() ? txn.Count(env_->tables().rows) : 0;
  }

  std::string position() const override {
    Txn txn(env_->env(), env_->tables(), false);
    return std::string(txn.ok() ? txn.Get(env_->tables().meta, kPosition).value_or("") : "");
  }

  void ReturnPages() const override { env_->ReturnPages(); }

  Status SetPosition(std::string_view position) override {
    Txn txn(env_->env(), env_->tables(), true);
    if (!txn.ok()) return LmdbError("begin", txn.begin_error());
    if (const int code = txn.Put(env_->tables().meta, kPosition, position))
      return LmdbError("put", code);
    const int code = txn.Commit();
    return code ? Status(LmdbError("commit", code)) : Ok();
  }

  Result<uint64_t> Apply(const std::vector<Put>& puts, const Fetch& fetch) override {
    Txn txn(env_->env(), env_->tables(), true);
    if (!txn.ok()) return LmdbError("begin", txn.begin_error());
    RowWriter writer(txn, ReadNumber(txn, "generation") + 1);
    for (const Put& put : puts) {
      std::optional<Json> row = put.row;
      if (fetch) {
        if (auto fetched = fetch(*put.schema, put.primary_key)) row = std::move(*fetched);
      }
      const Status done = row ? writer.Write(*put.schema, put.primary_key, *row)
                              : writer.Delete(*put.schema, put.primary_key);
      if (!done) return done.error();
    }
    if (auto done = writer.Finish(); !done) return done.error();
    if (const int code = txn.Commit()) return LmdbError("commit", code);
    return writer.generation();
  }

  Result<uint64_t> Refresh(const std::vector<ChangedRow>& rows, const Fetch& fetch,
                           std::optional<std::string_view> position) override {
    Txn txn(env_->env(), env_->tables(), true);
    if (!txn.ok()) return LmdbError("begin", txn.begin_error());
    RowWriter writer(txn, ReadNumber(txn, "generation") + 1);
    for (const ChangedRow& each : rows) {
      const schema::Schema* schema = catalog_.Entity(each.entity);
      if (!schema) continue;
      const auto row = fetch(*schema, each.primary_key);
      if (!row) return row.error();
      const Status done = *row ? writer.Write(*schema, each.primary_key, **row)
                               : writer.Delete(*schema, each.primary_key);
      if (!done) return done.error();
    }
    if (auto done = writer.Finish(); !done) return done.error();
    if (position) {
      if (const int code = txn.Put(env_->tables().meta, kPosition, *position))
        return LmdbError("put", code);
    }
    if (const int code = txn.Commit()) return LmdbError("commit", code);
    return writer.generation();
  }

  Result<size_t> Synchronise(const RowSource& next,
                             std::optional<std::string_view> position) override {
    env_->ReleaseDeadReaders();
    Txn txn(env_->env(), env_->tables(), true);
    if (!txn.ok()) return LmdbError("begin", txn.begin_error());
    RowWriter writer(txn, ReadNumber(txn, "generation") + 1);
    // Into an empty replica nothing has to be looked for afterwards.
    const bool fresh = txn.Count(env_->tables().rows) == 0;
    std::unordered_set<std::string> seen;
    const Status read = next(RowSink(
        [&](const schema::Schema& schema, const Json& row, std::string_view text) -> Status {
          const std::string_view key = StringViewMember(row, schema.primary_key());
          if (!fresh) seen.insert(RowKey(schema.name(), key));
          return writer.Write(schema, key, row, text);
        }));
    if (!read) return read.error();
    if (!fresh) {
      if (auto deleted = DeleteUnseen(txn, writer, seen); !deleted) return deleted.error();
    }
    if (auto shared = ShareUniqueValues(txn, writer, next); !shared) return shared.error();
    if (auto done = writer.Finish(); !done) return done.error();
    if (const int code = txn.Put(env_->tables().meta, "synchronised", "1"))
      return LmdbError("put", code);
    if (position) {
      if (const int code = txn.Put(env_->tables().meta, kPosition, *position))
        return LmdbError("put", code);
    }
    if (const int code = txn.Commit()) return LmdbError("commit", code);
    mdb_env_sync(env_->env(), 1);
    return writer.changed();
  }

 private:
  // Where rows share unique values, their entries depend on the order of writes and deletions: they
  // are put right in the order of the source. Such a state is remembered, because a later deletion
  // may take an entry that another row should get.
  Status ShareUniqueValues(Txn& txn, RowWriter& writer, const RowSource& next) {
    const bool shared_before = txn.Get(env_->tables().meta, "shared").has_value();
    if (!shared_before && !writer.met_shared_value()) return Ok();
    bool claimed = false;
    const Status done = next(
        RowSink([&](const schema::Schema& schema, const Json& row, std::string_view) -> Status {
          const auto taken = writer.Claim(schema, StringViewMember(row, schema.primary_key()), row);
          if (!taken) return taken.error();
          claimed = claimed || *taken;
          return Ok();
        }));
    if (!done) return done;
    const int code = claimed ? txn.Put(env_->tables().meta, "shared", "1")
                             : txn.Delete(env_->tables().meta, "shared");
    return code ? Status(LmdbError("put", code)) : Ok();
  }

  Status DeleteUnseen(const Txn& txn, RowWriter& writer,
                      const std::unordered_set<std::string>& seen) {
    std::vector<std::string> gone;
    txn.Scan(env_->tables().rows, "", [&](std::string_view key, std::string_view) {
      if (!seen.contains(std::string(key))) gone.emplace_back(key);
      return true;
    });
    for (const std::string& row_key : gone) {
      const auto [entity, key] = SplitRowKey(row_key);
      const schema::Schema* schema = catalog_.Entity(entity);
      const Status deleted = schema ? writer.Delete(*schema, key) : writer.DeleteUnknown(row_key);
      if (!deleted) return deleted;
    }
    return Ok();
  }

  const entity::Catalog& catalog_;
  std::unique_ptr<LmdbEnv> env_;
};

Status EmptyWhenForeign(const LmdbEnv& env) {
  Txn txn(env.env(), env.tables(), true);
  if (!txn.ok()) return LmdbError("begin", txn.begin_error());
  const auto format = txn.Get(env.tables().meta, "format");
  if (format == kFormat) return Ok();
  const uint64_t generation = ReadNumber(txn, "generation");
  for (MDB_dbi table : {env.tables().meta, env.tables().rows, env.tables().unique,
                        env.tables().foreign, env.tables().log}) {
    std::vector<std::string> keys;
    txn.Scan(table, "", [&](std::string_view key, std::string_view) {
      keys.emplace_back(key);
      return true;
    });
    for (const std::string& key : keys) txn.Delete(table, key);
  }
  txn.Put(env.tables().meta, "format", kFormat);
  txn.Put(env.tables().meta, "generation", fmt::format("{}", generation));
  const int code = txn.Commit();
  return code ? Status(LmdbError("commit", code)) : Ok();
}

}  // namespace

Result<std::unique_ptr<Replica>> Replica::Open(const entity::Catalog& catalog,
                                               const Options& options) {
  auto env = LmdbEnv::Open(options.path, options.map_size);
  if (!env) return env.error();
  if (auto ready = EmptyWhenForeign(**env); !ready) return ready.error();
  return std::unique_ptr<Replica>(new LmdbReplica(catalog, std::move(*env)));
}

}  // namespace silverback::replica
