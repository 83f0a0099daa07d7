#include "replica/row_writer.h"

#include <fmt/format.h>

#include "replica/keys.h"

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

}  // namespace

Status RowWriter::Write(const schema::Schema& schema, std::string_view primary_key,
                        const Json& row) {
  const std::string key = RowKey(schema.name(), primary_key);
  const std::string text = DumpJson(row);
  if (const auto old = txn_.Get(txn_.tables().rows, key)) {
    if (*old == text) return Ok();
    const Json old_row = Json::parse(*old, nullptr, false);
    if (auto done = Reindex(schema, primary_key, old_row, false); !done) return done;
  }
  if (auto done = Check(txn_.Put(txn_.tables().rows, key, text)); !done) return done;
  if (auto done = Reindex(schema, primary_key, row, true); !done) return done;
  return Log(schema, primary_key);
}

Status RowWriter::Delete(const schema::Schema& schema, std::string_view primary_key) {
  const std::string key = RowKey(schema.name(), primary_key);
  const auto old = txn_.Get(txn_.tables().rows, key);
  if (!old) return Ok();
  const Json old_row = Json::parse(*old, nullptr, false);
  if (auto done = Reindex(schema, primary_key, old_row, false); !done) return done;
  if (auto done = Check(txn_.Delete(txn_.tables().rows, key)); !done) return done;
  return Log(schema, primary_key);
}

Status RowWriter::DeleteUnknown(std::string_view row_key) {
  ++changed_;
  return Check(txn_.Delete(txn_.tables().rows, row_key));
}

template <class Entry>
Status RowWriter::EachUnique(const schema::Schema& schema, const Json& row, const Entry& entry) {
  for (const schema::Field& field : schema.fields()) {
    const Json* value = field.unique ? FindMember(row, field.name) : nullptr;
    if (!value || value->is_null()) continue;
    const std::string text =
        field.type == schema::FieldType::kForeign ? ForeignId(row, field.name) : Text(*value);
    if (auto done = entry(UniqueKey(schema.name(), field.name, text)); !done) return done;
  }
  if (schema.cache_key().empty()) return Ok();
  const std::string key = schema.CacheKey(row, StringMember(row, "ws_id"));
  return key.empty() ? Ok() : entry(UniqueKey(schema.name(), "cache_key", key));
}

Status RowWriter::Reindex(const schema::Schema& schema, std::string_view primary_key,
                          const Json& row, bool add) {
  for (const schema::Field& field : schema.fields()) {
    const std::string id =
        field.type == schema::FieldType::kForeign ? ForeignId(row, field.name) : "";
    if (id.empty()) continue;
    const std::string key = ForeignPrefix(schema.name(), field.name, id) + std::string(primary_key);
    const auto done = Check(add ? txn_.Put(txn_.tables().foreign, key, primary_key)
                                : txn_.Delete(txn_.tables().foreign, key));
    if (!done) return done;
  }
  return EachUnique(schema, row, [&](const std::string& key) -> Status {
    const auto owner = txn_.Get(txn_.tables().unique, key);
    if (owner && *owner != primary_key) {
      met_shared_value_ = true;
      // Another row may own the name by now (a swap of two names within one step): leave its entry.
      if (!add) return Ok();
    }
    return Check(add ? txn_.Put(txn_.tables().unique, key, primary_key)
                     : txn_.Delete(txn_.tables().unique, key));
  });
}

Result<bool> RowWriter::Claim(const schema::Schema& schema, std::string_view primary_key,
                              const Json& row) {
  bool taken = false;
  const Status done = EachUnique(schema, row, [&](const std::string& key) -> Status {
    if (txn_.Get(txn_.tables().unique, key) == primary_key) return Ok();
    taken = true;
    return Check(txn_.Put(txn_.tables().unique, key, primary_key));
  });
  if (!done) return done.error();
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
