#include "replica/page_reader.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace silverback::replica {
namespace {

// Of pages above the leaves; a million consumers with keys have about 3000.
constexpr size_t kMostKept = 3001;
constexpr int kDeepest = 32;

// LMDB 0.9: a page begins with its number (8 bytes), 2 unused ones, flags, and where its free space
// begins and ends; then come the offsets of its nodes. A node begins with two halves of a size (or
// of a page's number), flags and the size of its key.
constexpr size_t kHeader = 16, kNodeHeader = 8;
constexpr uint16_t kBranch = 1, kLeaf = 2;
constexpr uint16_t kElsewhere = 1, kOfAnotherKind = 2 | 4;
constexpr size_t kMetaAt = kHeader, kRootAt = 40, kTableSize = 48;
constexpr uint32_t kMagic = 0xBEEFC0DE, kVersion = 1;

template <class T>
T Load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

uint16_t FlagsOf(const char* page) { return Load<uint16_t>(page + 10); }
size_t CountOf(const char* page) {
  const size_t free = Load<uint16_t>(page + 12);
  return free < kHeader ? 0 : (free - kHeader) / 2;
}

constexpr const char* kNames[] = {"meta", "rows", "unique", "foreign", "log"};

}  // namespace

struct PageReader::Node {
  std::string_view key;
  uint64_t child = kNone;           // of a branch
  uint16_t flags = kOfAnotherKind;  // of a leaf
  const char* value = nullptr;
  size_t size = 0;
};

PageReader::PageReader(const LmdbEnv& env)
    : env_(env), tables_(env.tables()), file_(env.file()), kept_(kMostKept) {}

PageReader::~PageReader() {
  if (txn_) mdb_txn_abort(txn_);
}

std::unique_ptr<PageReader> PageReader::Create(const LmdbEnv& env) {
  std::unique_ptr<PageReader> self(new PageReader(env));
  std::array<char, kMetaAt + 8> start{};
  if (pread(self->file_, start.data(), start.size(), 0) != static_cast<ssize_t>(start.size()))
    return nullptr;
  const bool known = Load<uint32_t>(start.data() + kMetaAt) == kMagic &&
                     Load<uint32_t>(start.data() + kMetaAt + 4) == kVersion;
  self->page_size_ = env.page_size();
  if (!known || self->page_size_ == 0) return nullptr;
  self->leaf_ = std::make_unique<char[]>(self->page_size_);
  return self;
}

bool PageReader::Begin() {
  const int code =
      txn_ ? mdb_txn_renew(txn_) : mdb_txn_begin(env_.env(), nullptr, MDB_RDONLY, &txn_);
  if (code) return false;
  if (mdb_txn_id(txn_) == moment_ || FindRoots()) return true;
  End();
  return false;
}

void PageReader::End() { mdb_txn_reset(txn_); }

// The tables are entries of the nameless one.
bool PageReader::FindRoots() {
  for (Kept& kept : kept_) kept.number = kNone;
  moment_ = mdb_txn_id(txn_);
  MDB_cursor* cursor = nullptr;
  if (mdb_cursor_open(txn_, env_.nameless(), &cursor) != 0) return false;
  bool found = true;
  const MDB_dbi dbis[] = {tables_.meta, tables_.rows, tables_.unique, tables_.foreign, tables_.log};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    MDB_val key{std::strlen(kNames[i]), const_cast<char*>(kNames[i])}, value;
    found = found && mdb_cursor_get(cursor, &key, &value, MDB_SET_KEY) == 0 &&
            value.mv_size == kTableSize && dbis[i] < roots_.size();
    if (found) roots_[dbis[i]] = Load<uint64_t>(static_cast<const char*>(value.mv_data) + kRootAt);
  }
  mdb_cursor_close(cursor);
  if (!found) moment_ = 0;
  return found;
}

uint64_t PageReader::Root(MDB_dbi table) const {
  return table < roots_.size() ? roots_[table] : kNone;
}

bool PageReader::ReadPage(uint64_t number, char* into) const {
  if (number == kNone) return false;
  return pread(file_, into, page_size_, static_cast<off_t>(number * page_size_)) ==
         static_cast<ssize_t>(page_size_);
}

// A page, kept when it is one above the leaves.
const char* PageReader::KeptPage(uint64_t number) const {
  Kept& kept = kept_[number % kept_.size()];
  if (kept.number == number) return kept.bytes.get();
  if (!ReadPage(number, leaf_.get())) return nullptr;
  if (FlagsOf(leaf_.get()) & kBranch) {
    if (!kept.bytes) kept.bytes = std::make_unique<char[]>(page_size_);
    kept.number = number;
    // Where the leaf goes next is overwritten anyway.
    kept.bytes.swap(leaf_);
    return kept.bytes.get();
  }
  return leaf_.get();
}

PageReader::Node PageReader::NodeAt(const char* page, size_t index) const {
  const size_t at = Load<uint16_t>(page + kHeader + 2 * index);
  if (at < kHeader || at + kNodeHeader > page_size_) return {};
  const char* node = page + at;
  const size_t low = Load<uint16_t>(node), high = Load<uint16_t>(node + 2);
  const uint16_t flags = Load<uint16_t>(node + 4);
  const size_t key_size = Load<uint16_t>(node + 6);
  if (at + kNodeHeader + key_size > page_size_) return {};
  Node found{.key = {node + kNodeHeader, key_size}, .flags = flags};
  if (FlagsOf(page) & kBranch) {
    found.child = low | high << 16 | static_cast<uint64_t>(flags) << 32;
    return found;
  }
  found.value = node + kNodeHeader + key_size;
  found.size = low | high << 16;
  const size_t here = flags & kElsewhere ? sizeof(uint64_t) : found.size;
  if (at + kNodeHeader + key_size + here > page_size_) return {};
  return found;
}

// The first key of a branch stands for everything below the second, whatever it says.
size_t PageReader::FirstNotBelow(const char* page, std::string_view key) const {
  size_t low = FlagsOf(page) & kBranch ? 1 : 0, high = CountOf(page);
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (NodeAt(page, middle).key < key) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::optional<std::string_view> PageReader::ValueOf(const Node& node, std::string& buffer) const {
  if (node.value == nullptr || (node.flags & kOfAnotherKind)) return std::nullopt;
  if (!(node.flags & kElsewhere)) return std::string_view(node.value, node.size);
  // A long value has pages of its own.
  const auto number = Load<uint64_t>(node.value);
  buffer.resize(node.size);
  const auto at = static_cast<off_t>(number * page_size_ + kHeader);
  if (pread(file_, buffer.data(), node.size, at) != static_cast<ssize_t>(node.size))
    return std::nullopt;
  return buffer;
}

std::optional<std::string_view> PageReader::Get(MDB_dbi table, std::string_view key) const {
  uint64_t number = Root(table);
  for (int depth = 0; depth < kDeepest && number != kNone; ++depth) {
    const char* page = KeptPage(number);
    if (page == nullptr) return std::nullopt;
    size_t index = FirstNotBelow(page, key);
    const bool here = index < CountOf(page) && NodeAt(page, index).key == key;
    if (FlagsOf(page) & kBranch) {
      number = NodeAt(page, here ? index : index - 1).child;
      continue;
    }
    if (!(FlagsOf(page) & kLeaf) || !here) return std::nullopt;
    return ValueOf(NodeAt(page, index), value_);
  }
  return std::nullopt;
}

void PageReader::Scan(MDB_dbi table, std::string_view from, const Visit& visit) const {
  if (Root(table) != kNone) ScanPage(Root(table), &from, visit, 0);
}

// `from` becomes empty when the first entry is found: what comes then is visited from its start.
// False: enough.
bool PageReader::ScanPage(uint64_t number, std::string_view* from, const Visit& visit,
                          int depth) const {
  if (depth >= kDeepest) return false;
  // `visit` may look something up.
  const auto page = std::make_unique<char[]>(page_size_);
  if (!ReadPage(number, page.get())) return false;
  const bool branch = FlagsOf(page.get()) & kBranch;
  size_t index = from->empty() ? 0 : FirstNotBelow(page.get(), *from);
  const bool here = index < CountOf(page.get()) && NodeAt(page.get(), index).key == *from;
  if (branch && !from->empty() && !here) --index;
  std::string buffer;
  for (; index < CountOf(page.get()); ++index) {
    const Node node = NodeAt(page.get(), index);
    if (branch) {
      if (!ScanPage(node.child, from, visit, depth + 1)) return false;
      *from = {};
      continue;
    }
    const auto value = ValueOf(node, buffer);
    if (value && !visit(node.key, *value)) return false;
  }
  return true;
}

}  // namespace silverback::replica
