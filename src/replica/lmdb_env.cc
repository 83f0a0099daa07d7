#include "replica/lmdb_env.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <fstream>

namespace silverback::replica {
namespace {

constexpr unsigned kMaxReaders = 2048;  // several per worker, through reloads

MDB_val ToVal(std::string_view text) { return {text.size(), const_cast<char*>(text.data())}; }
std::string_view ToView(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

}  // namespace

Error LmdbError(std::string_view what, int code) {
  return Error(ErrorCode::kIo, "replica: " + std::string(what) + ": " + mdb_strerror(code));
}

Txn::Txn(MDB_env* env, const Tables& tables, bool write) : tables_(tables) {
  begin_error_ = mdb_txn_begin(env, nullptr, write ? 0 : MDB_RDONLY, &txn_);
  if (begin_error_) txn_ = nullptr;
}

Txn::~Txn() {
  if (txn_) mdb_txn_abort(txn_);
}

std::optional<std::string_view> Txn::Get(MDB_dbi table, std::string_view key) const {
  MDB_val k = ToVal(key), v;
  if (mdb_get(txn_, table, &k, &v) != 0) return std::nullopt;
  return ToView(v);
}

int Txn::Put(MDB_dbi table, std::string_view key, std::string_view value) {
  MDB_val k = ToVal(key), v = ToVal(value);
  return mdb_put(txn_, table, &k, &v, 0);
}

int Txn::Delete(MDB_dbi table, std::string_view key) {
  MDB_val k = ToVal(key);
  const int code = mdb_del(txn_, table, &k, nullptr);
  return code == MDB_NOTFOUND ? 0 : code;
}

void Txn::Scan(MDB_dbi table, std::string_view from, const Visit& visit) const {
  MDB_cursor* cursor = nullptr;
  if (mdb_cursor_open(txn_, table, &cursor) != 0) return;
  MDB_val k = ToVal(from), v;
  MDB_cursor_op op = from.empty() ? MDB_FIRST : MDB_SET_RANGE;
  while (mdb_cursor_get(cursor, &k, &v, op) == 0 && visit(ToView(k), ToView(v))) op = MDB_NEXT;
  mdb_cursor_close(cursor);
}

size_t Txn::Count(MDB_dbi table) const {
  MDB_stat stat{};
  return mdb_stat(txn_, table, &stat) == 0 ? stat.ms_entries : 0;
}

int Txn::Commit() {
  MDB_txn* txn = std::exchange(txn_, nullptr);
  return mdb_txn_commit(txn);
}

Result<std::unique_ptr<LmdbEnv>> LmdbEnv::Open(const std::string& folder, size_t map_size) {
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return LmdbError("cannot make " + folder, errno);
  std::unique_ptr<LmdbEnv> self(new LmdbEnv);
  int code = mdb_env_create(&self->env_);
  if (code) return LmdbError("mdb_env_create", code);
  mdb_env_set_maxreaders(self->env_, kMaxReaders);
  mdb_env_set_maxdbs(self->env_, kTableCount);
  mdb_env_set_mapsize(self->env_, map_size);
  // No sync per commit: the store is the truth, and every start compares with it.
  code = mdb_env_open(self->env_, folder.c_str(), MDB_NOTLS | MDB_NOSYNC | MDB_NORDAHEAD, 0600);
  if (code) return LmdbError("cannot open " + folder, code);
  self->ReleaseDeadReaders();
  if (auto opened = self->OpenTables(); !opened) return opened.error();
  return self;
}

Status LmdbEnv::OpenTables() {
  MDB_txn* txn = nullptr;
  int code = mdb_txn_begin(env_, nullptr, 0, &txn);
  if (code) return LmdbError("begin", code);
  const std::pair<const char*, MDB_dbi*> tables[] = {{"meta", &tables_.meta},
                                                     {"rows", &tables_.rows},
                                                     {"unique", &tables_.unique},
                                                     {"foreign", &tables_.foreign},
                                                     {"log", &tables_.log}};
  code = mdb_dbi_open(txn, nullptr, 0, &nameless_);
  for (const auto& [name, table] : tables) {
    if (!code) code = mdb_dbi_open(txn, name, MDB_CREATE, table);
  }
  if (code) {
    mdb_txn_abort(txn);
    return LmdbError("cannot open a table", code);
  }
  code = mdb_txn_commit(txn);
  return code ? Status(LmdbError("commit", code)) : Ok();
}

int LmdbEnv::file() const {
  mdb_filehandle_t file = -1;
  return mdb_env_get_fd(env_, &file) == 0 ? file : -1;
}

size_t LmdbEnv::page_size() const {
  MDB_stat stat{};
  return mdb_env_stat(env_, &stat) == 0 ? stat.ms_psize : 0;
}

LmdbEnv::~LmdbEnv() {
  if (env_) mdb_env_close(env_);
}

void LmdbEnv::ReleaseDeadReaders() const {
  int dead = 0;
  mdb_reader_check(env_, &dead);
}

// LMDB does not tell where its map is. Dropping its pages from this process changes nothing of what
// they hold: they lie in the system's cache.
void LmdbEnv::ReturnPages() const {
  const char* folder = nullptr;
  if (mdb_env_get_path(env_, &folder) != 0) return;
  const std::string path = std::string(folder) + "/data.mdb";
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (!line.ends_with(path)) continue;
    uintptr_t from = 0, to = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR, &from, &to) != 2) continue;
    (void)madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
  }
}

}  // namespace silverback::replica
