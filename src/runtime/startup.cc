#include "runtime/startup.h"

#include "runtime/declarative_node.h"
#include "runtime/publisher.h"

namespace silverback::runtime {

namespace {

Result<Startup> LoadDeclarative(const config::GatewayConf& conf, const entity::Catalog& catalog,
                                replica::Replica& replica, bool reloading,
                                const DeclarativeNode::Warn& warn) {
  Startup startup;
  const bool keep = reloading && replica.synchronised() && !DeclarativeNode::IsConfigured(conf);
  if (!keep) {
    const auto changed = DeclarativeNode(conf, catalog, replica, nullptr, warn).LoadConfigured();
    if (!changed) return changed.error();
    startup.changed_rows = *changed;
  }
  startup.generation = replica.generation();
  return startup;
}

}  // namespace

Result<Startup> SynchroniseNode(const config::GatewayConf& conf, const entity::Catalog& catalog,
                                bool reloading, const std::function<void(std::string_view)>& warn) {
  auto replica = OpenReplica(conf, catalog);
  if (!replica) return replica.error();
  if (conf.database() == "off") return LoadDeclarative(conf, catalog, **replica, reloading, warn);
  Startup startup;
  auto store = OpenStore(conf, catalog, **replica);
  Status problem;
  if (store) {
    Publisher publisher(catalog, **store, **replica, nullptr, warn);
    auto changed = publisher.Resynchronise();
    if (changed) {
      startup.changed_rows = *changed;
    } else {
      problem = changed.error();
    }
  } else {
    problem = store.error();
  }
  if (!problem) {
    if (!(*replica)->synchronised()) return problem.error();
    startup.store_reachable = false;
    startup.store_problem = problem.error().message();
  }
  startup.generation = (*replica)->generation();
  return startup;
}

}  // namespace silverback::runtime
