// Snapshot: what a worker serves by: one immutable state of the configuration, swapped as a whole.
// A request keeps the snapshot that it started with. Built by SnapshotBuilder on a thread of the
// worker; read on the event loop only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "replica/replica.h"
#include "router/router.h"
#include "runtime/certificate_table.h"
#include "runtime/plugin_table.h"

namespace silverback::runtime {

// Whether snapshots hold this kind of entity. Rows of others are looked up in the replica by each
// request: a change of them is served as soon as it is announced, whatever snapshot a worker has.
bool IsHeldBySnapshots(std::string_view kind);

// All rows of one kind of entity. `version` moves when any of them changes.
struct EntityTable {
  uint64_t version = 0;
  std::map<std::string, std::shared_ptr<const Json>, std::less<>> rows;  // by primary key
};

class Snapshot {
 public:
  uint64_t generation = 0;
  std::shared_ptr<const router::Router> router;
  std::shared_ptr<const PluginTable> plugins;         // of HTTP requests
  std::shared_ptr<const PluginTable> stream_plugins;  // of TCP and UDP sessions
  // What balancers and TLS are made of: the users rebuild theirs when a table's version has moved.
  std::shared_ptr<const EntityTable> upstreams, targets, ca_certificates;
  std::shared_ptr<const CertificateTable> certificates;

  // Which plugins apply to requests of this route of `router`; without consumer rows resolved.
  // `route` null: global ones. `stream`: whether it is a route of sessions.
  const PluginPlan& PlanFor(const entity::Route* route, bool stream = false) const;

 private:
  mutable std::unordered_map<const entity::Route*, std::unique_ptr<PluginPlan>> plans_;
};

// Keeps decoded rows from one build to the next and reads only what has changed. One thread at a
// time.
class SnapshotBuilder {
 public:
  // Both outlive the builder and every snapshot.
  SnapshotBuilder(const entity::Catalog& catalog, plugin::PluginEnv& env);
  ~SnapshotBuilder();

  std::shared_ptr<const Snapshot> Build(const replica::ReadTransaction& read);

  // Plugin objects that the last Build replaced: to be let go of on the event loop, where plugins
  // live.
  std::vector<std::shared_ptr<const PluginSlot>> TakeRetired();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace silverback::runtime
