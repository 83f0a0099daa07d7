#include "replica/row_writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "replica/keys.h"
#include "replica/row_text.h"

namespace silverback::replica {
namespace {

// A worker that is further behind reads all rows instead: the log stays small whatever an import
// does.
constexpr uint32_t kLoggedRowsPerStep = 2000;
constexpr uint64_t kLoggedSteps = 500;

Status Check(int code) { return code ? Status(LmdbError("write", code)) : Ok(); }

std::string Text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : DumpJson(value);
}

bool Contains(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

Status RowWriter::Write(const schema::Schema& schema, std::string_view primary_key, const Json& row,
                        std::string_view text) {
  const std::string key = RowKey(schema.name(), primary_key);
  const std::string made = text.empty() ? DumpJson(row) : "";
  if (text.empty()) text = made;
  Entries before;
  if (const auto old = txn_.Get(txn_.tables().rows, key)) {
    if (*old == text) return Ok();
    const bool kept_apart = !TextOf(UniqueEntry(schema, primary_key, ""));
    if (kept_apart && SameLookups(schema, *old, text)) {
      const Status done = Check(txn_.Put(txn_.tables().rows, key, text));
      return done ? Log(schema, primary_key) : done;
    }
    if (const auto old_row = ParseJson(*old, kDeepestRow))
      before = EntriesOf(schema, primary_key, *old_row);
  }
  const Entries now = EntriesOf(schema, primary_key, row);
  if (auto done = Remove(before, now, primary_key); !done) return done;
  if (auto done = Check(txn_.Put(txn_.tables().rows, key, text)); !done) return done;
  if (auto done = Add(now, before, primary_key, UniqueEntry(schema, primary_key, text)); !done)
    return done;
  return Log(schema, primary_key);
}

Status RowWriter::Delete(const schema::Schema& schema, std::string_view primary_key) {
  const std::string key = RowKey(schema.name(), primary_key);
  const auto old = txn_.Get(txn_.tables().rows, key);
  if (!old) return Ok();
  if (const auto row = ParseJson(*old, kDeepestRow)) {
    const Status done = Remove(EntriesOf(schema, primary_key, *row), {}, primary_key);
    if (!done) return done;
  }
  if (auto done = Check(txn_.Delete(txn_.tables().rows, key)); !done) return done;
  return Log(schema, primary_key);
}

Status RowWriter::DeleteUnknown(std::string_view row_key) {
  ++changed_;
  return Check(txn_.Delete(txn_.tables().rows, row_key));
}

RowWriter::Entries RowWriter::EntriesOf(const schema::Schema& schema, std::string_view primary_key,
                                        const Json& row) {
  Entries entries;
  for (const schema::Field& field : schema.fields()) {
    const bool refers = field.type == schema::FieldType::kForeign;
    const Json* value = refers || field.unique ? FindMember(row, field.name) : nullptr;
    if (!value || value->is_null()) continue;
    const std::string text = refers ? StringMember(*value, "id") : Text(*value);
    if (field.unique) entries.unique.push_back(UniqueKey(schema.name(), field.name, text));
    if (!refers || text.empty()) continue;
    entries.foreign.push_back(ForeignPrefix(schema.name(), field.name, text).append(primary_key));
  }
  if (schema.cache_key().empty()) return entries;
  const std::string key = schema.CacheKey(row, StringMember(row, "ws_id"));
  if (!key.empty()) entries.unique.push_back(UniqueKey(schema.name(), "cache_key", key));
  return entries;
}

Status RowWriter::Remove(const Entries& entries, const Entries& kept,
                         std::string_view primary_key) {
  for (const std::string& key : entries.foreign) {
    if (Contains(kept.foreign, key)) continue;
    if (auto done = Check(txn_.Delete(txn_.tables().foreign, key)); !done) return done;
  }
  for (const std::string& key : entries.unique) {
    const auto owner = txn_.Get(txn_.tables().unique, key);
    if (owner && OwnerOf(*owner) != primary_key) {
      // Another row may own the name by now (a swap of two names within one step): leave its entry.
      met_shared_value_ = true;
      continue;
    }
    if (Contains(kept.unique, key)) continue;
    if (auto done = Check(txn_.Delete(txn_.tables().unique, key)); !done) return done;
  }
  return Ok();
}

Status RowWriter::Add(const Entries& entries, const Entries& old, std::string_view primary_key,
                      const std::string& unique_entry) {
  for (const std::string& key : entries.foreign) {
    if (Contains(old.foreign, key)) continue;
    if (auto done = Check(txn_.Put(txn_.tables().foreign, key, primary_key)); !done) return done;
  }
  for (const std::string& key : entries.unique) {
    const auto owner = txn_.Get(txn_.tables().unique, key);
    if (owner == unique_entry) continue;
    met_shared_value_ = met_shared_value_ || (owner && OwnerOf(*owner) != primary_key);
    if (auto done = Check(txn_.Put(txn_.tables().unique, key, unique_entry)); !done) return done;
  }
  return Ok();
}

Result<bool> RowWriter::Claim(const schema::Schema& schema, std::string_view primary_key,
                              const Json& row) {
  bool taken = false;
  const std::string entry = UniqueEntry(schema, primary_key, DumpJson(row));
  for (const std::string& key : EntriesOf(schema, primary_key, row).unique) {
    const auto owner = txn_.Get(txn_.tables().unique, key);
    if (owner && OwnerOf(*owner) == primary_key) continue;
    taken = true;
    const Status done = Check(txn_.Put(txn_.tables().unique, key, entry));
    if (!done) return done.error();
  }
  // The row looks the same, but what finds it has changed.
  if (taken) {
    if (auto logged = Log(schema, primary_key); !logged) return logged.error();
  }
  return taken;
}

Status RowWriter::Log(const schema::Schema& schema, std::string_view primary_key) {
  ++changed_;
  entities_.insert(schema.name());
  if (logged_ >= kLoggedRowsPerStep) {
    log_overflow_ = true;
    return Ok();
  }
  return Check(txn_.Put(txn_.tables().log, LogKey(generation_, logged_++),
                        RowKey(schema.name(), primary_key)));
}

Status RowWriter::Finish() {
  if (!changed_) return Ok();
  for (const std::string& entity : entities_) {
    const auto done =
        Check(txn_.Put(txn_.tables().meta, "version:" + entity, fmt::format("{}", generation_)));
    if (!done) return done;
  }
  if (auto done = TrimLog(); !done) return done;
  return Check(txn_.Put(txn_.tables().meta, "generation", fmt::format("{}", generation_)));
}

Status RowWriter::TrimLog() {
  const uint64_t keep_from =
      log_overflow_ ? generation_ + 1 : generation_ - std::min(generation_, kLoggedSteps);
  std::vector<std::string> old;
  txn_.Scan(txn_.tables().log, "", [&](std::string_view key, std::string_view) {
    if (GenerationOfLogKey(key) >= keep_from) return false;
    old.emplace_back(key);
    return true;
  });
  for (const std::string& key : old) {
    if (auto done = Check(txn_.Delete(txn_.tables().log, key)); !done) return done;
  }
  if (old.empty() && !log_overflow_) return Ok();
  return Check(txn_.Put(txn_.tables().meta, "log_from", fmt::format("{}", keep_from - 1)));
}

}  // namespace silverback::replica
