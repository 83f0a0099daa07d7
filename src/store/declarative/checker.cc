#include "store/declarative/checker.h"

#include <fmt/format.h>

#include "util/string_util.h"

namespace silverback::store::declarative {
namespace {

using schema::Field;
using schema::FieldType;
using schema::Schema;

// Stands for an entity that does not exist, until the references are reported.
constexpr const char* kNobody = "00000000-0000-0000-0000-000000000000";
constexpr const char* kMustBeNull = "value must be null";

Json Reference(std::string id) { return {{"id", std::move(id)}}; }

// Where targets come in numbers, the message says which one is meant.
void NameTarget(Item& item, const std::string& target) {
  constexpr std::string_view kInvalid = "Invalid target;";
  const auto error = item.error.find("target");
  if (item.schema->name() != "targets" || error == item.error.end() || !error->is_string()) return;
  const auto& message = error->get_ref<const std::string&>();
  if (!message.starts_with(kInvalid)) return;
  *error = "Invalid target ('" + target + "');" + message.substr(kInvalid.size());
}

Json ListErrors(const ItemList& list);

// What is wrong with an item and below it; null: nothing.
Json ItemErrors(const Item& item) {
  if (item.error.is_string()) return item.error;
  Json errors = item.minor.is_object() ? item.minor : Json::object();
  if (item.error.is_object()) errors.update(item.error);
  for (const ItemList& list : item.children) {
    if (Json below = ListErrors(list); !below.is_null())
      errors[list.schema->name()] = std::move(below);
  }
  return errors.empty() ? Json() : errors;
}

Json ListErrors(const ItemList& list) {
  if (!list.error.is_null()) return list.error;
  Json errors = Json::array();
  for (size_t i = 0; i < list.items.size(); ++i) {
    if (Json error = ItemErrors(*list.items[i]); !error.is_null()) errors[i] = std::move(error);
  }
  return errors.empty() ? Json() : errors;
}

}  // namespace

Json Checker::Check(bool failed) {
  failed_ = failed;
  for (ItemList& list : tree_.lists()) CheckList(list);
  if (!failed_) return missing_.empty() ? Json() : std::move(missing_);
  Json errors = Json::object();
  for (const ItemList& list : tree_.lists()) {
    if (Json error = ListErrors(list); !error.is_null())
      errors[list.schema->name()] = std::move(error);
  }
  return errors;
}

void Checker::CheckList(ItemList& list) {
  failed_ = failed_ || !list.error.is_null();
  for (const auto& item : list.items) {
    if (item->error.is_string()) {
      failed_ = true;
      continue;
    }
    CheckItem(*item);
    for (ItemList& below : item->children) CheckList(below);
  }
}

void Checker::CheckItem(Item& item) {
  for (const Field& field : item.schema->fields()) {
    if (field.type == FieldType::kForeign) Resolve(item, field);
  }
  const std::string target = StringMember(item.own, "target");
  // A plugin that must not be bound to its parent's kind may still be nested there.
  const bool may_be_unbound = item.parent_field && item.schema->name() == "plugins";
  Json unbound = may_be_unbound ? item.own : Json();
  auto row = item.schema->CheckDeclarative(std::move(item.own));
  if (!row && may_be_unbound) {
    const std::string& name = item.parent_field->name;
    if (const Json* error = FindMember(row.error().fields(), name);
        error && *error == kMustBeNull) {
      item.minor[name] = kMustBeNull;
      unbound.erase(name);
      row = item.schema->CheckDeclarative(std::move(unbound));
      if (row) (*row)[name] = Reference(item.parent->id);
    }
  }
  if (row) {
    item.row = *std::move(row);
  } else {
    AddErrors(item, row.error().fields());
    NameTarget(item, target);
  }
  failed_ = failed_ || !item.error.is_null();
}

void Checker::AddErrors(Item& item, const Json& errors) {
  if (item.error.is_null()) item.error = Json::object();
  for (const auto& [name, error] : errors.items()) {
    if (!item.error.contains(name)) item.error[name] = error;
  }
}

void Checker::Resolve(Item& item, const Field& field) {
  const auto given = item.own.find(field.name);
  if (given != item.own.end() && !given->is_null()) {
    const Json reference = *given;
    if (reference.is_string()) {
      ResolveText(item, field, reference.get_ref<const std::string&>());
    } else {
      ResolveObject(item, field, reference);
    }
  }
  // Where an item stands says what it belongs to, whatever it says itself.
  if (&field == item.parent_field) item.own[field.name] = Reference(item.parent->id);
}

void Checker::ResolveText(Item& item, const Field& field, const std::string& reference) {
  const Schema* target = catalog_.Entity(field.reference);
  if (const Item* found = target ? tree_.Find(*target, reference) : nullptr) {
    item.own[field.name] = Reference(found->id);
    return;
  }
  item.own[field.name] = Reference(kNobody);
  if (item.parent) {
    if (item.error.is_null()) item.error = Json::object();
    item.error[field.name] = kMustBeNull;
    return;
  }
  item.minor[field.name] = {{"id", "missing primary key"}};
  MissingReference(item, field, reference);
}

void Checker::ResolveObject(Item& item, const Field& field, const Json& reference) {
  const std::string id = StringMember(reference, "id");
  const Schema* target = catalog_.Entity(field.reference);
  if (!IsUuid(id) || !target) return;  // the schema says what is wrong
  if (const Item* found = tree_.Find(*target, id)) {
    item.own[field.name] = Reference(found->id);
    return;
  }
  MissingReference(item, field, DumpJson(reference));
}

void Checker::MissingReference(const Item& item, const Field& field, const std::string& text) {
  // What has no name is found by its place, what could not have one by its id.
  const bool nameless = item.key.empty() && !item.schema->endpoint_key().empty();
  const std::string place = nameless           ? std::to_string(item.number)
                            : item.key.empty() ? item.id
                                               : item.key;
  missing_[item.schema->name()][place].push_back(fmt::format(
      "invalid reference '{}: {}' (no such entry in '{}')", field.name, text, field.reference));
}

}  // namespace silverback::store::declarative
