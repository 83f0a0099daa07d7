// PostgreSQL store: the tables of Kong 2.8 on a server that other nodes, ours and Kong's, may
// share. A server that is gone, restarts or is replaced costs the calls that are under way an error
// (kUnavailable); the next ones connect anew. What a transaction writes it also tells the other
// nodes of, in the same commit (store/cluster_events.h).
//
// Ownership: the catalog outlives the store. Threads: any. A store must not be carried over fork
// once it was used.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "entity/catalog.h"
#include "store/postgres/options.h"
#include "store/store.h"

namespace silverback::store::postgres {

struct EventOptions {
  std::string node_id;  // a UUID: who tells other nodes; "": a random one
  double propagation_s =
      0;  // db_update_propagation: Kong nodes heed what they are told so much later
};

struct StoreOptions {
  Options server;
  // A server that follows the first one: it is read from where Store::Mode::kReadCopy allows, as
  // long as it has what this node wrote last; without it, or while it is away, the first one is.
  std::optional<Options> copy = std::nullopt;
  // Where in the server's log this node's newest write is: shared by the node's processes; nullptr:
  // this store's own.
  std::atomic<uint64_t>* newest_write = nullptr;
  EventOptions events;
  std::function<double()> clock;  // seconds since the epoch; the system's when empty
};

// Connects when first used.
std::unique_ptr<Store> Open(StoreOptions options, const entity::Catalog& catalog);

}  // namespace silverback::store::postgres
