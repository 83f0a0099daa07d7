// NodePosition: what a replica's position (Replica::position) holds: up to where a store's change
// feed is in it, and whether all the rest is. Pure functions; any thread.
#pragma once

#include <string>

#include "entity/catalog.h"

namespace silverback::runtime {

struct NodePosition {
  std::string feed;  // ChangeFeed::Batch::position; "" when it is not known
  // False: the node started without comparing all rows; that is still to be done.
  bool complete = false;

  // A position of another store or of other entities (plugins were switched on or off) is none.
  static NodePosition Parse(const std::string& text, const entity::Catalog& catalog,
                            std::string_view store);
  std::string ToText(const entity::Catalog& catalog, std::string_view store) const;
  // The strategy of the store that the text is of; "" when it is not known.
  static std::string StoreOf(const std::string& text);
};

}  // namespace silverback::runtime
