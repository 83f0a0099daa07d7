#include "store/memory_store.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "store/errors.h"
#include "store/sql/table.h"
#include "util/string_util.h"

namespace silverback::store {
namespace {

struct MemoryTable {
  explicit MemoryTable(const schema::Schema& schema) : layout(schema) {}

  sql::Table layout;
  std::map<std::string, Json, std::less<>> rows;  // by primary key
  // Unique columns: value -> primary key.
  std::map<std::string, std::unordered_map<std::string, std::string>, std::less<>> unique;

  bool IsUnique(const sql::Column& column) const {
    return column.name == "cache_key" ||
           (column.field && column.field->unique && column.name != layout.primary_key);
  }

  // "" when the row has no value there.
  std::string UniqueValue(const sql::Column& column, const Json& row) const {
    if (column.name == "cache_key" && !column.field) {
      return layout.schema->CacheKey(row, StringMember(row, "ws_id"));
    }
    const Json* value = FindMember(row, column.member());
    return value && !value->is_null() ? DumpJson(*value) : "";
  }

  // The unique column in which another row has the same value; nullptr when all is well.
  const sql::Column* Conflict(const Json& row, std::string_view key) const {
    for (const sql::Column& column : layout.columns) {
      if (!IsUnique(column)) continue;
      const std::string value = UniqueValue(column, row);
      const auto index = unique.find(column.name);
      if (value.empty() || index == unique.end()) continue;
      const auto found = index->second.find(value);
      if (found != index->second.end() && found->second != key) return &column;
    }
    return nullptr;
  }

  void Put(const std::string& key, Json row) {
    Erase(key);
    for (const sql::Column& column : layout.columns) {
      if (!IsUnique(column)) continue;
      if (std::string value = UniqueValue(column, row); !value.empty()) {
        unique[column.name][std::move(value)] = key;
      }
    }
    rows.insert_or_assign(key, std::move(row));
  }

  void Erase(const std::string& key) {
    const auto found = rows.find(key);
    if (found == rows.end()) return;
    for (auto& [name, index] : unique) {
      const auto entry = index.find(UniqueValue(*layout.FindColumn(name), found->second));
      if (entry != index.end() && entry->second == key) index.erase(entry);
    }
    rows.erase(found);
  }

  // Every field has its place, as in what SQL stores give back.
  Json Normalised(const Json& row) const {
    Json out = Json::object();
    for (const sql::Column& column : layout.columns) {
      if (!column.field && column.name == "cache_key") continue;
      const Json* value = FindMember(row, column.member());
      out[column.member()] = value ? *value : Json();
    }
    return out;
  }
};

bool HasExpired(const MemoryTable& table, const Json& row, double now) {
  const Json* ttl = table.layout.has_ttl ? FindMember(row, "ttl") : nullptr;
  return ttl && ttl->is_number() && ttl->get<double>() <= now;
}

bool HasTags(const Json& row, const PageRequest& request) {
  const Json* tags = FindMember(row, "tags");
  if (request.tagged && (!tags || !tags->is_array())) return false;
  if (request.tags.empty()) return true;
  if (!tags || !tags->is_array()) return false;
  const auto carried = [&](const std::string& tag) {
    return std::find(tags->begin(), tags->end(), tag) != tags->end();
  };
  return request.tags_any ? std::any_of(request.tags.begin(), request.tags.end(), carried)
                          : std::all_of(request.tags.begin(), request.tags.end(), carried);
}

}  // namespace

struct MemoryStore::Impl {
  Clock clock;
  std::shared_mutex mutex;
  std::map<std::string, MemoryTable, std::less<>> tables;

  // REQUIRES: the caller holds the lock for writing.
  MemoryTable* Table(const schema::Schema& schema) {
    if (!sql::IsStored(schema)) return nullptr;
    return &tables.try_emplace(schema.name(), schema).first->second;
  }
  const MemoryTable* Find(const schema::Schema& schema) const {
    const auto found = tables.find(schema.name());
    return found == tables.end() ? nullptr : &found->second;
  }
};

class MemoryStore::MemoryTransaction final : public Transaction {
 public:
  MemoryTransaction(Impl& impl, Mode mode) : impl_(impl) {
    if (mode == Mode::kWrite) {
      write_lock_ = std::unique_lock(impl.mutex);
    } else {
      read_lock_ = std::shared_lock(impl.mutex);
    }
  }
  ~MemoryTransaction() override {
    for (auto step = undo_.rbegin(); step != undo_.rend(); ++step) {
      if (step->old) {
        step->table->Put(step->key, std::move(*step->old));
      } else {
        step->table->Erase(step->key);
      }
    }
  }

  Status Insert(const schema::Schema& schema, const Json& row) override {
    MemoryTable* table = Writable(schema);
    if (!table) return NotStored(schema);
    const std::string key = StringMember(row, schema.primary_key());
    if (table->rows.count(key)) return PrimaryKeyViolation({{schema.primary_key(), key}});
    return Put(*table, key, row);
  }

  Status Update(const schema::Schema& schema, const Json& row) override {
    MemoryTable* table = Writable(schema);
    if (!table) return NotStored(schema);
    const std::string key = StringMember(row, schema.primary_key());
    if (!table->rows.count(key)) return NotFoundError({{schema.primary_key(), key}});
    return Put(*table, key, row);
  }

  Result<bool> Delete(const schema::Schema& schema, std::string_view primary_key) override {
    MemoryTable* table = Writable(schema);
    if (!table) return NotStored(schema);
    const auto found = table->rows.find(primary_key);
    if (found == table->rows.end()) return false;
    const std::string key(primary_key);
    undo_.push_back({table, key, found->second});
    table->Erase(key);
    return true;
  }

  Result<std::optional<Json>> Select(const schema::Schema& schema,
                                     std::string_view primary_key) override {
    const MemoryTable* table = impl_.Find(schema);
    if (!table) return std::optional<Json>();
    const auto found = table->rows.find(primary_key);
    if (found == table->rows.end() || HasExpired(*table, found->second, impl_.clock())) {
      return std::optional<Json>();
    }
    return std::optional<Json>(found->second);
  }

  Result<std::optional<Json>> SelectBy(const schema::Schema& schema, std::string_view field,
                                       const Json& value, Rows rows) override {
    const MemoryTable* table = impl_.Find(schema);
    if (!table) return std::optional<Json>();
    const sql::Column* column = table->layout.FindMemberColumn(field);
    if (column && column->name == table->layout.primary_key && value.is_string()) {
      const auto row = table->rows.find(value.get_ref<const std::string&>());
      const bool wanted =
          row != table->rows.end() &&
          HasExpired(*table, row->second, impl_.clock()) == (rows == Rows::kExpired);
      return wanted ? std::optional<Json>(row->second) : std::optional<Json>();
    }
    const auto index = column ? table->unique.find(column->name) : table->unique.end();
    if (index == table->unique.end()) return std::optional<Json>();
    const bool composite = column->name == "cache_key" && !column->field;
    const auto found = index->second.find(composite ? value.get<std::string>() : DumpJson(value));
    if (found == index->second.end()) return std::optional<Json>();
    const Json& row = table->rows.at(found->second);
    const bool expired = HasExpired(*table, row, impl_.clock());
    if (expired != (rows == Rows::kExpired)) return std::optional<Json>();
    return std::optional<Json>(row);
  }

  Result<RowPage> Page(const schema::Schema& schema, const PageRequest& request) override {
    RowPage page;
    const MemoryTable* table = impl_.Find(schema);
    if (!table) return page;
    const double now = impl_.clock();
    for (auto it = table->rows.upper_bound(request.after); it != table->rows.end(); ++it) {
      const Json& row = it->second;
      if (!request.foreign_field.empty() &&
          ForeignId(row, request.foreign_field) != request.foreign_id) {
        continue;
      }
      if (!request.workspace.empty() && StringMember(row, "ws_id") != request.workspace) continue;
      if (!request.with_expired && HasExpired(*table, row, now)) continue;
      if (!HasTags(row, request)) continue;
      if (page.rows.size() == request.size) {
        page.more = true;
        break;
      }
      page.rows.push_back(row);
    }
    return page;
  }

  Result<std::vector<std::string>> DeleteExpired(const schema::Schema& schema,
                                                 size_t limit) override {
    std::vector<std::string> keys;
    MemoryTable* table = Writable(schema);
    if (!table) return keys;
    for (const auto& [key, row] : table->rows) {
      if (keys.size() == limit) break;
      if (HasExpired(*table, row, impl_.clock())) keys.push_back(key);
    }
    for (const std::string& key : keys) {
      if (auto done = Delete(schema, key); !done) return done.error();
    }
    return keys;
  }

  Status Commit() override {
    undo_.clear();
    return Ok();
  }

 private:
  struct Step {
    MemoryTable* table;
    std::string key;
    std::optional<Json> old;
  };

  MemoryTable* Writable(const schema::Schema& schema) {
    return write_lock_.owns_lock() ? impl_.Table(schema) : nullptr;
  }

  static Error NotStored(const schema::Schema& schema) {
    return Error(ErrorCode::kDatabaseError, "cannot write '" + schema.name() + "' here");
  }

  Status Put(MemoryTable& table, const std::string& key, const Json& row) {
    if (const sql::Column* column = table.Conflict(row, key)) {
      return UniqueViolation(sql::UniqueFields(table.layout, column->name, row));
    }
    const auto found = table.rows.find(key);
    undo_.push_back(
        {&table, key, found == table.rows.end() ? std::nullopt : std::optional(found->second)});
    table.Put(key, table.Normalised(row));
    return Ok();
  }

  Impl& impl_;
  std::unique_lock<std::shared_mutex> write_lock_;
  std::shared_lock<std::shared_mutex> read_lock_;
  std::vector<Step> undo_;
};

MemoryStore::MemoryStore(std::string strategy, Clock clock)
    : strategy_(std::move(strategy)), impl_(std::make_unique<Impl>()) {
  impl_->clock = clock ? std::move(clock) : Clock(NowWithMillis);
}

MemoryStore::~MemoryStore() = default;

std::unique_ptr<Store> NewMemoryStore(std::string strategy) {
  return std::make_unique<MemoryStore>(std::move(strategy));
}

Result<std::unique_ptr<Transaction>> MemoryStore::Begin(Mode mode) {
  return std::unique_ptr<Transaction>(std::make_unique<MemoryTransaction>(*impl_, mode));
}

void MemoryStore::Replace(std::vector<Entity> entities) {
  std::map<std::string, MemoryTable, std::less<>> tables;
  for (Entity& entity : entities) {
    MemoryTable& table = tables.try_emplace(entity.schema->name(), *entity.schema).first->second;
    for (Json& row : entity.rows) {
      const std::string key = StringMember(row, entity.schema->primary_key());
      table.Put(key, table.Normalised(row));
    }
  }
  const std::unique_lock lock(impl_->mutex);
  impl_->tables.swap(tables);
}

}  // namespace silverback::store
