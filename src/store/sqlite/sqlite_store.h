// SQLite store: the embedded default, one file in the prefix, shared by the workers and the command
// line. Commits are durable: an acknowledged write survives kill -9 and, with sync_every_commit, a
// power failure.
//
// Ownership: the catalog outlives the store. Threads: any; processes: any number on one file, but a
// store must not be carried over fork.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "entity/catalog.h"
#include "store/store.h"

namespace silverback::store::sqlite {

struct Options {
  int busy_timeout_ms = 10000;    // how long a write waits for another process's
  bool sync_every_commit = true;  // false: a power failure may lose the last writes
  std::function<double()> clock;  // seconds since the epoch; the system's when empty
};

// Opens the file, making it (0600) and its tables when they are missing; a file of a newer version
// is refused. Errors: kUnavailable, kDatabaseError.
Result<std::unique_ptr<Store>> Open(const std::string& path, const entity::Catalog& catalog,
                                    const Options& options = {});

}  // namespace silverback::store::sqlite
