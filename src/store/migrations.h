// The state of a database's migrations, as `kong migrations` reports it for every SQL store.
#pragma once

#include <string>
#include <vector>

namespace silverback::store {

struct SubsystemState {
  std::string name;                   // "core" or a plugin
  std::vector<std::string> executed;  // in order
  std::vector<std::string> pending;   // begun by `up`, waiting for `finish`
  std::vector<std::string> fresh;     // not yet run
};

struct MigrationState {
  bool needs_bootstrap = true;
  std::vector<SubsystemState> subsystems;  // "core" first, the others by name
};

}  // namespace silverback::store
