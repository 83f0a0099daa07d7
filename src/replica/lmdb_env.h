// Thin owner types over LMDB's C interface. A WriteTxn holds the one writer's lock of all
// processes; a ReadTxn never waits.
#pragma once

#include <lmdb.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "util/result.h"

namespace silverback::replica {

struct Tables {
  MDB_dbi meta, rows, unique, foreign, log;
};
constexpr unsigned kTableCount = 8;  // at most, with those of LMDB itself

// Reads entries of the tables as they were at one moment.
class TableReader {
 public:
  virtual ~TableReader() = default;
  virtual const Tables& tables() const = 0;
  virtual std::optional<std::string_view> Get(MDB_dbi table, std::string_view key) const = 0;
  using Visit = std::function<bool(std::string_view key, std::string_view value)>;
  // Entries whose key is >= `from`, in order, until `visit` returns false.
  virtual void Scan(MDB_dbi table, std::string_view from, const Visit& visit) const = 0;
};

Error LmdbError(std::string_view what, int code);

class Txn final : public TableReader {
 public:
  Txn(MDB_env* env, const Tables& tables, bool write);  // check ok() before use
  ~Txn() override;
  Txn(const Txn&) = delete;
  Txn& operator=(const Txn&) = delete;

  bool ok() const { return txn_ != nullptr; }
  int begin_error() const { return begin_error_; }
  const Tables& tables() const override { return tables_; }

  // The view is good until the next write or the end.
  std::optional<std::string_view> Get(MDB_dbi table, std::string_view key) const override;
  int Put(MDB_dbi table, std::string_view key, std::string_view value);
  int Delete(MDB_dbi table, std::string_view key);  // absent keys are no error
  void Scan(MDB_dbi table, std::string_view from, const Visit& visit) const override;
  size_t Count(MDB_dbi table) const;  // entries
  int Commit();

 private:
  MDB_txn* txn_ = nullptr;
  const Tables& tables_;
  int begin_error_ = 0;
};

class LmdbEnv {
 public:
  static Result<std::unique_ptr<LmdbEnv>> Open(const std::string& folder, size_t map_size);
  ~LmdbEnv();
  MDB_env* env() const { return env_; }
  const Tables& tables() const { return tables_; }
  MDB_dbi nameless() const { return nameless_; }  // its entries are the others
  int file() const;
  size_t page_size() const;  // bytes
  // Frees what readers that were killed still hold, so that old pages can be used again.
  void ReleaseDeadReaders() const;
  // As Replica::ReturnPages.
  void ReturnPages() const;

 private:
  LmdbEnv() = default;
  Status OpenTables();
  MDB_env* env_ = nullptr;
  Tables tables_{};
  MDB_dbi nameless_ = 0;
};

}  // namespace silverback::replica
