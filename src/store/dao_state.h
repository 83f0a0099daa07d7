// What the parts of the Dao share. Private to store.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "store/dao.h"
#include "store/dao_operation.h"

namespace silverback::store {

struct Workspace {
  std::mutex mutex;
  std::string id;  // "" until it is known
};

struct Dao::State {
  std::shared_ptr<Workspace> workspace = std::make_shared<Workspace>();
  // Inside InTransaction: what operations join.
  Transaction* joined = nullptr;
  std::vector<Change>* changes = nullptr;
};

// The row as the Admin API shows it at the time `now`.
Json ShowRow(const schema::Schema& schema, const Json& row, double now);

}  // namespace silverback::store
