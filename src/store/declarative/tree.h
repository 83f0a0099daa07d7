// The items of a document with their places: the step between a nested document and flat rows.
// Private to declarative.
//
// Ownership: a Tree owns its items; Item pointers live as long as it. One thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "entity/catalog.h"
#include "util/json.h"

namespace silverback::store::declarative {

struct Item;

// A list of nested (or top-level) items of one kind.
struct ItemList {
  const schema::Schema* schema;
  std::vector<std::unique_ptr<Item>> items;
  Json error;  // what is wrong with the list itself ("expected an array"), or null
};

struct Item {
  const schema::Schema* schema;
  const schema::Field* parent_field = nullptr;  // null at the top level
  const Item* parent = nullptr;
  size_t number = 1;  // its place in its list
  Json own;           // without nested items and comments; references as the document gives them
  Json error;         // what is wrong: a text, or an object by member; or null
  Json minor;         // an object: what counts only when something else is wrong too
  std::string id;
  std::string key;  // the value of its endpoint key, or ""
  std::vector<ItemList> children;
  Json row;             // what it comes to, once it is checked
  uint8_t made_up = 0;  // Configuration::Kind::made_up
};

class Tree {
 public:
  explicit Tree(const entity::Catalog& catalog) : catalog_(catalog) {}

  // Takes the lists of entities out of `document`.
  void Take(Json& document);

  std::vector<ItemList>& lists() { return lists_; }
  // The item that a reference to `schema` by id or key means; nullptr when there is none.
  const Item* Find(const schema::Schema& schema, const std::string& reference) const;

 private:
  struct Index {
    std::unordered_map<std::string_view, const Item*> by_key, by_id;
    std::string ids;  // the namespace of those that it makes
  };

  ItemList TakeList(const schema::Schema& schema, Json& list, const schema::Field* parent_field,
                    const Item* parent);
  void FillItem(Item& item, Json& source);
  void TakeComments(Item& item);
  void GiveId(Item& item);
  void Register(const Item& item);

  const entity::Catalog& catalog_;
  std::vector<ItemList> lists_;
  std::map<const schema::Schema*, Index> indices_;
  // How often an item without any key had the same content below the same parent.
  std::unordered_map<std::string, int> repeated_;
};

// Whether documents have such entities.
bool IsDeclarable(const schema::Schema& schema);

// What is wrong with the members that any record of a document may have, or null: "_comment" is a
// text, "_ignore" a list.
void CheckComments(const Json& record, Json& errors);

}  // namespace silverback::store::declarative
