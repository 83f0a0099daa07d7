#include "store/dao_operation.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/errors.h"
#include "util/string_util.h"

namespace silverback::store {
namespace {

using schema::Field;
using schema::FieldType;
using schema::Schema;

constexpr size_t kRowsPerStep = 1000;

PageRequest ReferringRows(const entity::Catalog::Referrer& referrer, const std::string& id) {
  PageRequest request;
  request.size = kRowsPerStep;
  request.foreign_field = referrer.field->name;
  request.foreign_id = id;
  request.with_expired = true;
  return request;
}

constexpr std::string_view kWorkspaces = "workspaces";

// Those of the core in the order in which Kong's database looks at them; then those of plugins.
std::vector<const Schema*> WorkspaceEntities(const entity::Catalog& catalog) {
  constexpr std::string_view kCore[] = {"upstreams", "targets",  "consumers", "certificates",
                                        "snis",      "services", "routes",    "plugins"};
  std::vector<const Schema*> list;
  for (const std::string_view name : kCore) list.push_back(catalog.Entity(name));
  for (const Schema* schema : catalog.entities()) {
    const bool listed = std::find(list.begin(), list.end(), schema) != list.end();
    if (schema->workspaceable() && !listed) list.push_back(schema);
  }
  return list;
}

bool IsRestrict(const Field& field) {
  return field.on_delete != "cascade" && field.on_delete != "null";
}

std::vector<const Field*> ForeignFieldsByName(const Schema& schema) {
  std::vector<const Field*> fields;
  for (const Field& field : schema.fields()) {
    if (field.type == FieldType::kForeign) fields.push_back(&field);
  }
  std::sort(fields.begin(), fields.end(),
            [](const Field* a, const Field* b) { return a->name < b->name; });
  return fields;
}

void LowerId(Json& value) {
  if (value.is_string() && IsUuid(value.get_ref<const std::string&>())) {
    value = ToLower(value.get_ref<const std::string&>());
  }
}

Error Unresolved(const Json& errors) {
  std::string list;
  size_t count = 0;
  for (const auto& [field, names] : errors.items()) {
    for (const auto& [name, why] : names.items()) {
      if (++count > 1) list += "; ";
      list += fmt::format("{}.{}: {}", field, name, why.get<std::string>());
    }
  }
  return Error(ErrorCode::kForeignKeysUnresolved,
               count == 1 ? fmt::format("foreign key unresolved ({})", list)
                          : fmt::format("{} foreign keys unresolved ({})", count, list),
               errors);
}

}  // namespace

std::string InvalidUnique(const Schema& schema, const std::string& field,
                          const std::string& value) {
  const Json why = schema.CheckField(field, value);
  return why.is_string() ? why.get<std::string>() : "";
}

void LowerUuids(const Schema& schema, Json& input) {
  if (!input.is_object()) return;
  for (const Field& field : schema.fields()) {
    const auto found = input.find(field.name);
    if (found == input.end()) continue;
    if (field.uuid) LowerId(*found);
    if (field.type == FieldType::kForeign && found->contains("id")) LowerId((*found)["id"]);
    if (found->is_array() && field.elements && field.elements->uuid) {
      for (Json& element : *found) LowerId(element);
    }
  }
}

Result<std::optional<Json>> Operation::Find(const Schema& schema, const Key& key, Rows rows) {
  if (!key.field.empty() && key.field != schema.primary_key()) {
    if (std::string why = InvalidUnique(schema, key.field, key.value); !why.empty()) {
      return InvalidUniqueError(key.field, why);
    }
    return transaction_.SelectBy(schema, key.field, key.value, rows);
  }
  const Field* field = schema.FindField(schema.primary_key());
  if (field && field->uuid && !IsUuid(key.value)) {
    return InvalidPrimaryKeyError({{schema.primary_key(), "expected a valid UUID"}});
  }
  const std::string id = field && field->uuid ? ToLower(key.value) : key.value;
  if (rows == Rows::kLive) return transaction_.Select(schema, id);
  return transaction_.SelectBy(schema, schema.primary_key(), id, rows);
}

Result<Json> Operation::ResolveOne(const Field& field, const Json& value, Json& errors) {
  const Schema* target = catalog_.Entity(field.reference);
  const std::string id = StringMember(value, "id");
  if (!target || !value.is_object() || IsUuid(id)) return value;
  for (const Field& unique : target->fields()) {
    const Json* given = unique.unique ? FindMember(value, unique.name) : nullptr;
    if (!given || !given->is_string()) continue;
    const std::string& text = given->get_ref<const std::string&>();
    if (!InvalidUnique(*target, unique.name, text).empty()) continue;
    const auto found = transaction_.SelectBy(*target, unique.name, text);
    if (!found) return found.error();
    if (*found) return Json{{target->primary_key(), (**found)[target->primary_key()]}};
    errors[field.name][unique.name] =
        fmt::format("the foreign key cannot be resolved with '{}' for an existing '{}' entity",
                    LuaTable({{unique.name, text}}), target->name());
  }
  return value;
}

Status Operation::ResolveForeign(const Schema& schema, Json& input) {
  if (!input.is_object()) return Ok();
  Json errors = Json::object();
  for (const Field& field : schema.fields()) {
    if (field.type != FieldType::kForeign || !input.contains(field.name)) continue;
    auto resolved = ResolveOne(field, input[field.name], errors);
    if (!resolved) return resolved.error();
    input[field.name] = *std::move(resolved);
  }
  return errors.empty() ? Ok() : Status(Unresolved(errors));
}

Status Operation::Insert(const Schema& schema, Json& row) {
  if (schema.workspaceable()) row["ws_id"] = workspace_;
  if (Status done = RemoveExpired(schema, row); !done) return done;
  if (Status done = transaction_.Insert(schema, row); !done) return done;
  if (Status done = CheckForeign(schema, row, nullptr); !done) return done;
  changes_.push_back({&schema, StringMember(row, schema.primary_key()), row, std::nullopt});
  return Ok();
}

Status Operation::Replace(const Schema& schema, Json& row, const Json& old) {
  if (const Json* workspace = FindMember(old, "ws_id")) row["ws_id"] = *workspace;
  if (Status done = RemoveExpired(schema, row); !done) return done;
  if (Status done = transaction_.Update(schema, row); !done) return done;
  if (Status done = CheckForeign(schema, row, &old); !done) return done;
  changes_.push_back({&schema, StringMember(row, schema.primary_key()), row, old});
  return Ok();
}

Status Operation::CheckForeign(const Schema& schema, const Json& row, const Json* old) {
  for (const Field* field : ForeignFieldsByName(schema)) {
    const std::string id = ForeignId(row, field->name);
    if (id.empty() || (old && ForeignId(*old, field->name) == id)) continue;
    const Schema* target = catalog_.Entity(field->reference);
    if (!target) continue;
    const auto found = transaction_.Select(*target, id);
    if (!found) return found.error();
    if (!*found) return ForeignKeyViolation(row[field->name], field->name, target->name());
  }
  return Ok();
}

Status Operation::RemoveExpired(const Schema& schema, const Json& row) {
  if (!schema.has_ttl()) return Ok();
  for (const Field& field : schema.fields()) {
    const Json* value = FindMember(row, field.name);
    const bool is_key = field.name == schema.primary_key();
    if (!value || value->is_null() || !(field.unique || is_key)) continue;
    const auto expired = transaction_.SelectBy(schema, field.name, *value, Rows::kExpired);
    if (!expired) return expired.error();
    if (!*expired) continue;
    if (Status done = Delete(schema, **expired); !done) return done;
  }
  return Ok();
}

Status Operation::Delete(const Schema& schema, const Json& row) {
  const std::string id = StringMember(row, schema.primary_key());
  if (Status done = CheckUnreferenced(schema, id); !done) return done;
  if (Status done = FollowReferrers(schema, id); !done) return done;
  const auto deleted = transaction_.Delete(schema, id);
  if (!deleted) return deleted.error();
  if (*deleted) changes_.push_back({&schema, id, std::nullopt, row});
  return Ok();
}

// A workspace goes when nothing is in it; the default one stays, for every row needs one.
Status Operation::CheckEmptyWorkspace(const std::string& id) {
  for (const Schema* schema : WorkspaceEntities(catalog_)) {
    PageRequest request;
    request.size = 1;
    request.workspace = id;
    request.with_expired = true;
    const auto page = transaction_.Page(*schema, request);
    if (!page) return page.error();
    if (!page->rows.empty()) return ReferencedViolation(kWorkspaces, schema->name());
  }
  return id == workspace_ ? UnsupportedError("cannot remove the default workspace") : Status();
}

Status Operation::CheckUnreferenced(const Schema& schema, const std::string& id) {
  if (schema.name() == kWorkspaces) return CheckEmptyWorkspace(id);
  // From the last: who refers to a certificate is named in the order of Kong's database.
  const auto referrers = catalog_.ReferrersOf(schema.name());
  for (auto at = referrers.rbegin(); at != referrers.rend(); ++at) {
    const entity::Catalog::Referrer& referrer = *at;
    if (!IsRestrict(*referrer.field)) continue;
    PageRequest request = ReferringRows(referrer, id);
    request.size = 1;
    const auto page = transaction_.Page(*referrer.schema, request);
    if (!page) return page.error();
    if (!page->rows.empty()) return ReferencedViolation(schema.name(), referrer.schema->name());
  }
  return Ok();
}

Status Operation::FollowReferrers(const Schema& schema, const std::string& id) {
  for (const auto& referrer : catalog_.ReferrersOf(schema.name())) {
    if (IsRestrict(*referrer.field)) continue;
    // Each step takes the first rows: those of the step before no longer refer to this one.
    for (bool more = true; more;) {
      const auto page = transaction_.Page(*referrer.schema, ReferringRows(referrer, id));
      if (!page) return page.error();
      for (const Json& row : page->rows) {
        if (Status done = FollowRow(referrer, row); !done) return done;
      }
      more = page->more;
    }
  }
  return Ok();
}

Status Operation::FollowRow(const entity::Catalog::Referrer& referrer, const Json& row) {
  if (referrer.field->on_delete == "cascade") return Delete(*referrer.schema, row);
  Json changed = row;
  changed[referrer.field->name] = nullptr;
  return Replace(*referrer.schema, changed, row);
}

}  // namespace silverback::store
