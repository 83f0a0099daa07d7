#include "runtime/startup.h"

#include "runtime/publisher.h"

namespace silverback::runtime {

Result<Startup> SynchroniseNode(const config::GatewayConf& conf, const entity::Catalog& catalog,
                                const std::function<void(std::string_view)>& warn) {
  auto replica = OpenReplica(conf, catalog);
  if (!replica) return replica.error();
  Startup startup;
  auto store = OpenStore(conf, catalog);
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
