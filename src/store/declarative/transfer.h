// Declarative documents into a store and out of it: kong config db_import and db_export. Blocking;
// one thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "store/dao.h"
#include "store/declarative/configuration.h"

namespace silverback::store::declarative {

using Progress = std::function<void(size_t done, size_t total)>;  // total 0: not known

// Inserts or replaces every row, by id, what others refer to first. On an error the rows before it
// stay, as in Kong.
Status Import(Dao& dao, const Configuration& configuration, const Progress& progress = nullptr);

// Writes everything that `dao` holds (but workspaces) as a YAML document in the format 2.1, piece
// by piece.
Status Export(Dao& dao, const std::function<Status(std::string_view piece)>& write,
              const Progress& progress = nullptr);

// The example document of `kong config init`.
std::string_view ExampleDocument();

}  // namespace silverback::store::declarative
