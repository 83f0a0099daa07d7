// PageReader: looks keys up in LMDB's file with pread. What is read through LMDB's memory map
// counts as memory of the process, with its neighbours, and look-ups all over a large replica bring
// in all of it; what is read here does not stay, but for the pages above the leaves.
//
// It knows the format of LMDB 0.9's pages (../../doc/decisions/replica_pages.md). One thread.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "replica/lmdb_env.h"

namespace silverback::replica {

class PageReader final : public TableReader {
 public:
  // nullptr: the file has another format.
  static std::unique_ptr<PageReader> Create(const LmdbEnv& env);
  ~PageReader() override;

  // What is read between the two is of one moment. False: no reading now.
  bool Begin();
  void End();

  const Tables& tables() const override { return tables_; }
  // The view is good until the next call.
  std::optional<std::string_view> Get(MDB_dbi table, std::string_view key) const override;
  void Scan(MDB_dbi table, std::string_view from, const Visit& visit) const override;

 private:
  static constexpr uint64_t kNone = ~uint64_t{0};
  struct Kept {
    uint64_t number = kNone;
    std::unique_ptr<char[]> bytes;
  };
  struct Node;

  explicit PageReader(const LmdbEnv& env);
  bool FindRoots();
  uint64_t Root(MDB_dbi table) const;
  bool ReadPage(uint64_t number, char* into) const;
  const char* KeptPage(uint64_t number) const;
  Node NodeAt(const char* page, size_t index) const;
  size_t FirstNotBelow(const char* page, std::string_view key) const;
  std::optional<std::string_view> ValueOf(const Node& node, std::string& buffer) const;
  bool ScanPage(uint64_t number, std::string_view* from, const Visit& visit, int depth) const;

  const LmdbEnv& env_;
  const Tables& tables_;
  const int file_;
  size_t page_size_ = 0;
  MDB_txn* txn_ = nullptr;
  size_t moment_ = 0;  // whose roots and pages are kept
  std::array<uint64_t, kTableCount> roots_{};
  mutable std::vector<Kept> kept_;
  mutable std::unique_ptr<char[]> leaf_;
  mutable std::string value_;
};

}  // namespace silverback::replica
