// Checks the items of a tree against their schemas and resolves what they refer to. Private to
// declarative; one thread.
#pragma once

#include "store/declarative/tree.h"

namespace silverback::store::declarative {

class Checker {
 public:
  explicit Checker(Tree& tree, const entity::Catalog& catalog) : tree_(tree), catalog_(catalog) {}

  // Fills every item's row. Gives what is wrong by place, or null. `failed`: something else is
  // wrong already; references to nothing are then not reported as such.
  Json Check(bool failed);

 private:
  void CheckList(ItemList& list);
  void CheckItem(Item& item);
  void Resolve(Item& item, const schema::Field& field);
  void ResolveText(Item& item, const schema::Field& field, const std::string& reference);
  void ResolveObject(Item& item, const schema::Field& field, const Json& reference);
  void MissingReference(const Item& item, const schema::Field& field, const std::string& text);
  static void AddErrors(Item& item, const Json& errors);

  Tree& tree_;
  const entity::Catalog& catalog_;
  bool failed_ = false;
  Json missing_ = Json::object();  // references to nothing: entity -> item -> messages
};

}  // namespace silverback::store::declarative
