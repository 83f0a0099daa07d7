#include "runtime/startup.h"

#include <fmt/format.h>

#include "runtime/change_applier.h"
#include "runtime/declarative_node.h"
#include "runtime/node_position.h"
#include "runtime/synchroniser.h"

namespace silverback::runtime {
namespace {

// Comparing so many rows takes a tenth of a second.
constexpr size_t kFewRows = 10000;

class NodeStart {
 public:
  NodeStart(const entity::Catalog& catalog, store::Store& store, replica::Replica& replica,
            const std::function<void(std::string_view)>& progress)
      : catalog_(catalog), store_(store), replica_(replica), progress_(progress) {}

  Result<size_t> Run() {
    const auto position = NodePosition::Parse(replica_.position(), catalog_, store_.strategy());
    const bool known = position.complete || !position.feed.empty();
    const bool large = replica_.synchronised() && known && replica_.size() > kFewRows;
    const auto feed = store_.Feed();
    store::ChangeFeed::Batch batch;
    if (feed) {
      auto next = feed->Next(position.feed, std::chrono::milliseconds(0), [] { return true; });
      if (!next) return next.error();
      batch = *std::move(next);
    }
    if (!large) return synchroniser_.ReadAll(Text(batch.position, true));
    return GoOn(batch);
  }

 private:
  std::string Text(const std::string& feed, bool complete) const {
    return NodePosition{feed, complete}.ToText(catalog_, store_.strategy());
  }

  Result<size_t> GoOn(const store::ChangeFeed::Batch& batch) {
    ChangeApplier applier(catalog_, store_, replica_, synchroniser_);
    const Status done = applier.Apply(batch.events, Text(batch.position, false));
    if (!done) return done.error();
    return batch.events.size();
  }

  const entity::Catalog& catalog_;
  store::Store& store_;
  replica::Replica& replica_;
  const std::function<void(std::string_view)>& progress_;
  Synchroniser synchroniser_{catalog_, store_, replica_, [this](size_t rows) {
                               progress_(fmt::format("reading the database: {} rows so far", rows));
                             }};
};

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
                                bool reloading, const StartupLines& lines) {
  auto replica = OpenReplica(conf, catalog);
  if (!replica) return replica.error();
  if (conf.database() == "off")
    return LoadDeclarative(conf, catalog, **replica, reloading, lines.warn);
  Startup startup;
  auto store = OpenStore(conf, catalog, **replica);
  Status problem;
  if (store) {
    const auto changed = NodeStart(catalog, **store, **replica, lines.progress).Run();
    if (changed) {
      startup.changed_rows = *changed;
    } else {
      problem = changed.error();
    }
  } else {
    problem = store.error();
  }
  if (!problem) {
    // The replica of another store would be a surprise.
    const std::string of = NodePosition::StoreOf((*replica)->position());
    if (!(*replica)->synchronised() || (!of.empty() && of != conf.database())) {
      return problem.error();
    }
    startup.store_reachable = false;
    startup.store_problem = problem.error().message();
  }
  startup.generation = (*replica)->generation();
  return startup;
}

}  // namespace silverback::runtime
