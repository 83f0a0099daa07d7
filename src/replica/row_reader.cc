#include "replica/row_reader.h"

#include <unordered_set>

#include "replica/keys.h"
#include "replica/row_writer.h"

namespace silverback::replica {
namespace {

std::optional<Json> ParseRow(std::optional<std::string_view> text) {
  if (!text) return std::nullopt;
  auto row = ParseJson(*text, kDeepestRow);
  if (!row) return std::nullopt;
  return *std::move(row);
}

}  // namespace

uint64_t ReadNumber(const TableReader& reader, std::string_view name) {
  const auto text = reader.Get(reader.tables().meta, name);
  return text ? std::strtoull(std::string(*text).c_str(), nullptr, 10) : 0;
}

std::pair<std::string, std::string> SplitRowKey(std::string_view key) {
  const size_t zero = key.find('\0');
  return {std::string(key.substr(0, zero)), std::string(key.substr(zero + 1))};
}

uint64_t RowReader::generation() const { return ReadNumber(reader_, "generation"); }

uint64_t RowReader::version(int kind) const {
  return ReadNumber(reader_, "version:" + catalog_.entities()[static_cast<size_t>(kind)]->name());
}

std::optional<Json> RowReader::Find(const schema::Schema& schema,
                                    std::string_view primary_key) const {
  return ParseRow(reader_.Get(reader_.tables().rows, RowKey(schema.name(), primary_key)));
}

std::optional<Json> RowReader::FindUnique(const schema::Schema& schema, std::string_view field,
                                          std::string_view value) const {
  const auto entry = reader_.Get(reader_.tables().unique, UniqueKey(schema.name(), field, value));
  if (!entry) return std::nullopt;
  if (const auto text = TextOf(*entry)) return ParseRow(text);
  return Find(schema, *entry);
}

std::vector<Json> RowReader::FindFor(const schema::Schema& schema, std::string_view field,
                                     std::string_view id) const {
  std::vector<Json> rows;
  const std::string prefix = ForeignPrefix(schema.name(), field, id);
  reader_.Scan(reader_.tables().foreign, prefix,
               [&](std::string_view key, std::string_view primary_key) {
                 if (!key.starts_with(prefix)) return false;
                 if (auto row = Find(schema, primary_key)) rows.push_back(std::move(*row));
                 return true;
               });
  return rows;
}

void RowReader::Each(const schema::Schema& schema,
                     const std::function<bool(std::string_view, std::string_view)>& visit,
                     std::string_view from) const {
  const std::string prefix = RowKey(schema.name(), "");
  const std::string start = RowKey(schema.name(), from);
  reader_.Scan(reader_.tables().rows, start, [&](std::string_view key, std::string_view row) {
    return key.starts_with(prefix) && visit(key.substr(prefix.size()), row);
  });
}

void RowReader::EachFor(const schema::Schema& schema, std::string_view field, std::string_view id,
                        const std::function<bool(std::string_view, std::string_view)>& visit,
                        std::string_view from) const {
  const std::string prefix = ForeignPrefix(schema.name(), field, id);
  const std::string start = prefix + std::string(from);
  reader_.Scan(reader_.tables().foreign, start,
               [&](std::string_view key, std::string_view primary_key) {
                 if (!key.starts_with(prefix)) return false;
                 const auto row = FindText(schema, primary_key);
                 return !row || visit(primary_key, *row);
               });
}

std::optional<std::string_view> RowReader::FindText(const schema::Schema& schema,
                                                    std::string_view primary_key) const {
  return reader_.Get(reader_.tables().rows, RowKey(schema.name(), primary_key));
}

size_t RowReader::Count(const schema::Schema& schema) const {
  size_t count = 0;
  Each(
      schema, [&](std::string_view, std::string_view) { return ++count; }, "");
  return count;
}

std::optional<std::vector<ChangedRow>> RowReader::ChangedSince(uint64_t generation) const {
  if (generation < ReadNumber(reader_, "log_from")) return std::nullopt;
  std::vector<ChangedRow> rows;
  std::unordered_set<std::string> seen;
  reader_.Scan(reader_.tables().log, LogKey(generation + 1, 0),
               [&](std::string_view, std::string_view row) {
                 if (seen.insert(std::string(row)).second) {
                   auto [entity, key] = SplitRowKey(row);
                   rows.push_back({std::move(entity), std::move(key)});
                 }
                 return true;
               });
  return rows;
}

}  // namespace silverback::replica
