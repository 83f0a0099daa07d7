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

Error LmdbError(std::string_view what, int code);

class Txn {
 public:
  Txn(MDB_env* env, const Tables& tables, bool write);  // check ok() before use
  ~Txn();
  Txn(const Txn&) = delete;
  Txn& operator=(const Txn&) = delete;

  bool ok() const { return txn_ != nullptr; }
  int begin_error() const { return begin_error_; }
  const Tables& tables() const { return tables_; }

  std::optional<std::string_view> Get(
      MDB_dbi table, std::string_view key) const;  // view: until the next write or the end
  int Put(MDB_dbi table, std::string_view key, std::string_view value);
  int Delete(MDB_dbi table, std::string_view key);  // absent keys are no error
  // Entries whose key is >= `from`, in order, until `visit` returns false.
  void Scan(MDB_dbi table, std::string_view from,
            const std::function<bool(std::string_view key, std::string_view value)>& visit) const;
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
  // Frees what readers that were killed still hold, so that old pages can be used again.
  void ReleaseDeadReaders() const;
  // As Replica::ReturnPages.
  void ReturnPages() const;

 private:
  LmdbEnv() = default;
  Status OpenTables();
  MDB_env* env_ = nullptr;
  Tables tables_{};
};

}  // namespace silverback::replica
