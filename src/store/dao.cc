#include "store/dao.h"

#include <fmt/format.h>

#include <cmath>

#include "store/dao_state.h"
#include "store/entity_hooks.h"
#include "store/errors.h"
#include "store/page_token.h"
#include "util/string_util.h"

namespace silverback::store {
namespace {

using schema::Schema;

constexpr int64_t kLongestTtl = 100000000;
constexpr size_t kExpiredPerStep = 500;
constexpr std::string_view kWithoutDatabase = "off";

// The workspace of a node without a database, where nothing can make one.
constexpr char kFixedWorkspace[] = "0dc6f45b-8f8d-40d2-a504-473544ee190b";

Error UnknownEntity(std::string_view name) {
  return Error(ErrorCode::kInternal, fmt::format("unknown entity '{}'", name));
}

Error Unsupported(std::string_view verb, const Schema& schema, const Key& key = {}) {
  const std::string by = key.field.empty() ? "" : fmt::format(" by '{}'", key.field);
  return UnsupportedError(
      fmt::format("cannot {} '{}' entities{} when not using a database", verb, schema.name(), by));
}

// Takes "ttl" (seconds from now) out of the input: when the row expires; null: never. nullopt: it
// was not given.
Result<std::optional<Json>> TakeTtl(const Schema& schema, Json& input) {
  if (!schema.has_ttl() || !input.is_object()) return std::optional<Json>();
  const auto found = input.find("ttl");
  if (found == input.end()) return std::optional<Json>();
  const Json ttl = *found;
  input.erase(found);
  if (ttl.is_null()) return std::optional<Json>(Json());
  if (!ttl.is_number_integer() || ttl < 0 || ttl > kLongestTtl) {
    return InvalidOptionError("ttl", "must be an integer between 0 and 100000000");
  }
  if (ttl == 0) return std::optional<Json>(Json());
  return std::optional<Json>(NowWithMillis() + ttl.get<double>());
}

Error Missing(const Schema& schema, const Key& key) {
  if (key.field.empty()) return NotFoundError({{schema.primary_key(), ToLower(key.value)}});
  return NotFoundByError({{key.field, key.value}});
}

}  // namespace

Json ShowRow(const Schema& schema, const Json& row, double now) {
  Json shown = schema.Present(row);
  // Rows without a database have no such member unless they expire, as in Kong.
  const Json* ttl = schema.has_ttl() ? FindMember(row, "ttl") : nullptr;
  if (ttl) {
    shown["ttl"] = ttl->is_number()
                       ? Json(static_cast<int64_t>(std::max(0.0, ttl->get<double>() - now)))
                       : Json();
  }
  AfterRead(schema, shown);
  return shown;
}

Dao::Dao(const entity::Catalog& catalog, Store& store, ChangeSink* sink)
    : catalog_(catalog), store_(store), sink_(sink), state_(std::make_shared<State>()) {}

Dao::Dao(const Dao& outer, Transaction& joined, std::vector<Change>& changes)
    : catalog_(outer.catalog_),
      store_(outer.store_),
      sink_(outer.sink_),
      state_(std::make_shared<State>(State{outer.state_->workspace, &joined, &changes})) {}

const Schema* Dao::Entity(std::string_view name) const { return catalog_.Entity(name); }

bool Dao::read_only() const { return store_.strategy() == kWithoutDatabase; }

Result<std::string> Dao::WorkspaceId() {
  Workspace& workspace = *state_->workspace;
  const std::scoped_lock lock(workspace.mutex);
  if (!workspace.id.empty()) return workspace.id;
  const Schema* schema = Entity("workspaces");
  if (!schema || read_only()) return std::string(kFixedWorkspace);
  auto transaction = store_.Begin(Store::Mode::kWrite);
  if (!transaction) return transaction.error();
  const auto found = (*transaction)->SelectBy(*schema, "name", "default");
  if (!found) return found.error();
  if (*found) return workspace.id = StringMember(**found, "id");
  auto row = schema->CheckInsert({{"name", "default"}});
  if (!row) return row.error();
  if (Status done = (*transaction)->Insert(*schema, *row); !done) return done.error();
  const std::string id = StringMember(*row, "id");
  const std::vector<Change> changes = {{schema, id, *row, std::nullopt}};
  if (Status done = (*transaction)->Announce(changes); !done) return done.error();
  if (Status done = (*transaction)->Commit(); !done) return done.error();
  transaction->reset();
  workspace.id = id;
  if (sink_) sink_->Committed(changes);
  return workspace.id;
}

Status Dao::Read(const std::function<Status(Operation&)>& work) {
  std::vector<Change> none;
  if (state_->joined) {
    Operation operation(catalog_, *state_->joined, "", none);
    return work(operation);
  }
  auto transaction = store_.Begin(Store::Mode::kReadCopy);
  if (!transaction) return transaction.error();
  Operation operation(catalog_, **transaction, "", none);
  return work(operation);
}

Status Dao::Write(const std::function<Status(Operation&)>& work) {
  // Before the transaction begins: the first time, this takes one of its own.
  std::string workspace;
  if (state_->joined) {
    workspace = state_->workspace->id;
    Operation operation(catalog_, *state_->joined, workspace, *state_->changes);
    return work(operation);
  }
  auto id = WorkspaceId();
  if (!id) return id.error();
  auto transaction = store_.Begin(Store::Mode::kWrite);
  if (!transaction) return transaction.error();
  std::vector<Change> changes;
  Operation operation(catalog_, **transaction, *id, changes);
  if (Status done = work(operation); !done) return done;
  return Commit(*std::move(transaction), changes);
}

Status Dao::InTransaction(const std::function<Status(Dao& dao)>& work) {
  if (state_->joined) return work(*this);
  auto id = WorkspaceId();
  if (!id) return id.error();
  auto transaction = store_.Begin(Store::Mode::kWrite);
  if (!transaction) return transaction.error();
  std::vector<Change> changes;
  Dao inner(*this, **transaction, changes);
  if (Status done = work(inner); !done) return done;
  return Commit(*std::move(transaction), changes);
}

Status Dao::Commit(std::unique_ptr<Transaction> transaction, const std::vector<Change>& changes) {
  if (!changes.empty()) {
    if (Status done = transaction->Announce(changes); !done) return done;
  }
  if (Status done = transaction->Commit(); !done) return done;
  transaction.reset();
  if (sink_ && !changes.empty()) sink_->Committed(changes);
  return Ok();
}

Result<Json> Dao::Insert(std::string_view entity, Json input) {
  const Schema* schema = Entity(entity);
  if (!schema) return UnknownEntity(entity);
  Json made;
  const Status done = Write(
      [&](Operation& operation) { return InsertIn(operation, *schema, std::move(input), made); });
  if (!done) return done.error();
  return ShowRow(*schema, made, NowWithMillis());
}

Status Dao::InsertIn(Operation& operation, const Schema& schema, Json input, Json& made) {
  const auto ttl = TakeTtl(schema, input);
  if (!ttl) return ttl.error();
  LowerUuids(schema, input);
  const Json sent = input;
  if (Status done = operation.ResolveForeign(schema, input); !done) return done;
  const Json given = input;
  const HookContext context{catalog_, operation.transaction(), schema, sent, given, nullptr};
  if (Status done = CheckGiven(context); !done) return done;
  auto row = schema.CheckInsert(std::move(input));
  if (!row) return row.error();
  if (Status done = BeforeWrite(context, *row); !done) return done;
  if (read_only()) return Unsupported("create", schema);
  if (schema.has_ttl()) (*row)["ttl"] = ttl->value_or(Json());
  made = *std::move(row);
  return operation.Insert(schema, made);
}

Result<std::optional<Json>> Dao::Select(std::string_view entity, const Key& key) {
  const Schema* schema = Entity(entity);
  if (!schema) return UnknownEntity(entity);
  std::optional<Json> found;
  const Status done = Read([&](Operation& operation) -> Status {
    auto row = operation.Find(*schema, key);
    if (!row) return row.error();
    if (*row) found = ShowRow(*schema, **row, NowWithMillis());
    return Ok();
  });
  if (!done) return done.error();
  return found;
}

Result<Json> Dao::Update(std::string_view entity, const Key& key, Json patch) {
  const Schema* schema = Entity(entity);
  if (!schema) return UnknownEntity(entity);
  Json made;
  const Status done = Write([&](Operation& operation) {
    return UpdateIn(operation, *schema, key, std::move(patch), made);
  });
  if (!done) return done.error();
  return ShowRow(*schema, made, NowWithMillis());
}

// As in Kong: a patch that names another row is one of that row, unless its own was named by
// something else than its primary key. Takes a primary key that is valid out of the patch.
Status Dao::TurnToOther(Operation& operation, const Schema& schema, const Key& key, Json& patch,
                        std::optional<Json>& old) {
  const Json* id = FindMember(patch, schema.primary_key());
  if (id == nullptr || !schema.CheckField(schema.primary_key(), *id).is_null()) return Ok();
  const std::string other = id->is_string() ? id->get<std::string>() : "";
  patch.erase(schema.primary_key());
  if (!key.field.empty() || other.empty() || other == StringMember(*old, schema.primary_key()))
    return Ok();
  auto found = operation.Find(schema, {"", other});
  if (!found) return found.error();
  if (!*found) return Missing(schema, key);
  old = *std::move(found);
  return Ok();
}

Status Dao::UpdateIn(Operation& operation, const Schema& schema, const Key& key, Json patch,
                     Json& made) {
  const auto ttl = TakeTtl(schema, patch);
  if (!ttl) return ttl.error();
  LowerUuids(schema, patch);
  auto old = operation.Find(schema, key);
  if (!old) return old.error();
  if (!*old) return Missing(schema, key);
  const Json sent = patch;
  if (Status done = operation.ResolveForeign(schema, patch); !done) return done;
  if (Status turned = TurnToOther(operation, schema, key, patch, *old); !turned) return turned;
  const Json given = patch;
  const Json current = schema.Present(**old);
  const HookContext context{catalog_, operation.transaction(), schema, sent, given, &current};
  if (Status done = CheckGiven(context); !done) return done;
  auto row = schema.CheckUpdate(std::move(patch), current);
  if (!row) return row.error();
  if (Status done = BeforeWrite(context, *row); !done) return done;
  if (read_only()) return Unsupported("update", schema, key);
  if (schema.has_ttl()) (*row)["ttl"] = *ttl ? **ttl : (**old)["ttl"];
  made = *std::move(row);
  return operation.Replace(schema, made, **old);
}

Result<Json> Dao::Upsert(std::string_view entity, const Key& key, Json input,
                         const WriteOptions& options) {
  const Schema* schema = Entity(entity);
  if (!schema) return UnknownEntity(entity);
  Json made;
  const Status done = Write([&](Operation& operation) {
    return UpsertIn(operation, *schema, key, std::move(input), options, made);
  });
  if (!done) return done.error();
  return ShowRow(*schema, made, NowWithMillis());
}

Status Dao::UpsertIn(Operation& operation, const Schema& schema, const Key& key, Json input,
                     const WriteOptions& options, Json& made) {
  if (!input.is_object()) input = Json::object();
  const auto ttl = TakeTtl(schema, input);
  if (!ttl) return ttl.error();
  LowerUuids(schema, input);
  const Json sent = input;
  if (Status done = operation.ResolveForeign(schema, input); !done) return done;
  auto old = operation.Find(schema, key);
  if (!old) return old.error();
  // A row that has expired but still lies there goes on under its id.
  std::optional<Json> known = *old;
  if (!known && schema.has_ttl()) {
    const auto expired = operation.Find(schema, key, Rows::kExpired);
    if (!expired) return expired.error();
    known = *expired;
  }
  const std::string& id = schema.primary_key();
  input[key.field.empty() ? id : key.field] = key.field.empty() ? ToLower(key.value) : key.value;
  if (!key.field.empty()) input.erase(id);
  if (known) input[id] = (*known)[id];
  if (*old && !input.contains("created_at") && schema.FindField("created_at")) {
    input["created_at"] = (**old)["created_at"];
  }
  const Json given = input;
  const HookContext context{catalog_, operation.transaction(), schema, sent, given,
                            nullptr,  options.hash_secrets};
  if (Status done = CheckGiven(context); !done) return done;
  auto row = options.keep_times ? schema.CheckDeclarative(std::move(input))
                                : schema.CheckUpsert(std::move(input));
  if (!row) return row.error();
  if (Status done = BeforeWrite(context, *row); !done) return done;
  if (read_only()) return Unsupported("create or update", schema, key);
  if (schema.has_ttl()) (*row)["ttl"] = ttl->value_or(Json());
  made = *std::move(row);
  return *old ? operation.Replace(schema, made, **old) : operation.Insert(schema, made);
}

Result<bool> Dao::Delete(std::string_view entity, const Key& key) {
  const Schema* schema = Entity(entity);
  if (!schema) return UnknownEntity(entity);
  bool deleted = false;
  const Status done = Write([&](Operation& operation) -> Status {
    const auto row = operation.Find(*schema, key);
    if (!row) return row.error();
    if (!*row) return Ok();
    if (read_only()) return Unsupported("remove", *schema, key);
    deleted = true;
    return operation.Delete(*schema, **row);
  });
  if (!done) return done.error();
  return deleted;
}

Result<size_t> Dao::DeleteExpired() {
  size_t count = 0;
  for (const Schema* schema : catalog_.entities()) {
    if (!schema->has_ttl() || read_only()) continue;
    for (size_t step = kExpiredPerStep; step == kExpiredPerStep;) {
      auto transaction = store_.Begin(Store::Mode::kWrite);
      if (!transaction) return transaction.error();
      const auto keys = (*transaction)->DeleteExpired(*schema, kExpiredPerStep);
      if (!keys) return keys.error();
      step = keys->size();
      count += step;
      std::vector<Change> changes;
      for (const std::string& key : *keys) {
        changes.push_back({schema, key, std::nullopt, std::nullopt});
      }
      if (Status done = Commit(*std::move(transaction), changes); !done) return done.error();
    }
  }
  return count;
}

}  // namespace silverback::store
