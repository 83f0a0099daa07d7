#include "store/declarative/tree.h"

#include "store/declarative/configuration.h"
#include "store/declarative/ids.h"
#include "util/string_util.h"

namespace silverback::store::declarative {
namespace {

using schema::Field;
using schema::Schema;

// A list as Lua sees it: an empty object is one too.
bool IsList(const Json& value) { return value.is_array() || (value.is_object() && value.empty()); }

}  // namespace

bool IsDeclarable(const Schema& schema) { return schema.name() != "tags"; }

void CheckComments(const Json& record, Json& errors) {
  const Json* comment = FindMember(record, "_comment");
  if (comment && !comment->is_null() && !comment->is_string())
    errors["_comment"] = "expected a string";
  const Json* ignored = FindMember(record, "_ignore");
  if (ignored && !ignored->is_null() && !IsList(*ignored)) errors["_ignore"] = "expected an array";
}

void Tree::Take(Json& document) {
  for (const Schema* schema : catalog_.entities()) {
    if (!IsDeclarable(*schema)) continue;
    const auto found = document.find(schema->name());
    if (found == document.end()) continue;
    lists_.push_back(TakeList(*schema, *found, nullptr, nullptr));
    document.erase(schema->name());
  }
}

ItemList Tree::TakeList(const Schema& schema, Json& list, const Field* parent_field,
                        const Item* parent) {
  ItemList taken{&schema, {}, nullptr};
  if (list.is_null()) return taken;
  if (!IsList(list)) {
    taken.error = "expected an array";
    return taken;
  }
  taken.items.reserve(list.size());
  for (Json& source : list) {
    auto item = std::make_unique<Item>();
    item->schema = &schema;
    item->parent_field = parent_field;
    item->parent = parent;
    item->number = taken.items.size() + 1;
    if (source.is_array() && source.empty()) source = Json::object();
    if (source.is_object()) {
      FillItem(*item, source);
    } else {
      item->error = "expected a record";
    }
    taken.items.push_back(std::move(item));
  }
  return taken;
}

void Tree::FillItem(Item& item, Json& source) {
  item.own = std::move(source);
  TakeComments(item);
  // The id depends on the item alone, those of its children on it.
  Json children = Json::object();
  for (const auto& referrer : catalog_.ReferrersOf(item.schema->name())) {
    const std::string& name = referrer.schema->name();
    const auto found = item.own.find(name);
    if (found == item.own.end() || item.schema->FindField(name) || children.contains(name))
      continue;
    children[name] = std::move(*found);
    item.own.erase(name);
  }
  GiveId(item);
  const auto absent = [&](const char* time) {
    const Json* given = FindMember(item.own, time);
    return !given || given->is_null();
  };
  if (absent("created_at")) item.made_up |= Configuration::kCreatedAt;
  if (absent("updated_at")) item.made_up |= Configuration::kUpdatedAt;
  for (const auto& referrer : catalog_.ReferrersOf(item.schema->name())) {
    const auto found = children.find(referrer.schema->name());
    if (found == children.end()) continue;
    item.children.push_back(TakeList(*referrer.schema, *found, referrer.field, &item));
    children.erase(referrer.schema->name());
  }
  Register(item);
}

void Tree::TakeComments(Item& item) {
  Json errors = Json::object();
  CheckComments(item.own, errors);
  if (!errors.empty()) item.error = std::move(errors);
  item.own.erase("_comment");
  item.own.erase("_ignore");
}

void Tree::GiveId(Item& item) {
  const Schema& schema = *item.schema;
  if (!schema.endpoint_key().empty()) item.key = StringMember(item.own, schema.endpoint_key());
  Json& id = item.own[schema.primary_key()];
  if (id.is_string()) {
    const auto& given = id.get_ref<const std::string&>();
    if (IsUuid(given)) id = ToLower(given);
    item.id = id.get<std::string>();
    return;
  }
  if (!id.is_null()) return;
  item.own.erase(schema.primary_key());
  const Field* primary = schema.FindField(schema.primary_key());
  if (!primary || !primary->uuid) return;
  const std::string parent_id = item.parent ? item.parent->id : "";
  const std::string parent_field = item.parent_field ? item.parent_field->name : "";
  auto key = IdentifyingKey(schema, item.own, parent_field, parent_id);
  if (!key) {
    // Kong takes a random one. Ours follows from the content, so that the nodes of a fleet agree.
    key = schema.name() + ':' + parent_id + ':' + DumpJson(item.own);
    *key += ':' + std::to_string(++repeated_[*key]);
  }
  std::string& ids = indices_[&schema].ids;
  if (ids.empty()) ids = IdsOf(schema);
  item.id = DeterminedId(ids, *key);
  item.own[schema.primary_key()] = item.id;
}

void Tree::Register(const Item& item) {
  Index& index = indices_[item.schema];
  if (!item.key.empty()) index.by_key[item.key] = &item;
  if (!item.id.empty()) index.by_id[item.id] = &item;
}

const Item* Tree::Find(const Schema& schema, const std::string& reference) const {
  const auto index = indices_.find(&schema);
  if (index == indices_.end()) return nullptr;
  if (const auto found = index->second.by_key.find(reference);
      found != index->second.by_key.end()) {
    return found->second;
  }
  const auto found = index->second.by_id.find(IsUuid(reference) ? ToLower(reference) : reference);
  return found == index->second.by_id.end() ? nullptr : found->second;
}

}  // namespace silverback::store::declarative
