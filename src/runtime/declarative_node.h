// DeclarativeNode: the configuration of a node without a database. Its truth is the node's replica:
// a document replaces it as one step, or leaves it as it was; every worker serves by it when Load
// returns; it survives reloads.
//
// Threads: any that may block; documents that come at once are applied one after the other. What it
// is made of outlives it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "config/gateway_conf.h"
#include "replica/replica.h"
#include "runtime/shared_state.h"
#include "store/declarative/configuration.h"

namespace silverback::runtime {

class DeclarativeNode {
 public:
  using Warn = std::function<void(std::string_view message)>;
  // `shared` null: no workers to wait for (the command line).
  DeclarativeNode(const config::GatewayConf& conf, const entity::Catalog& catalog,
                  replica::Replica& replica, SharedState* shared, Warn warn);

  // Makes a document the node's whole configuration. Gives its entities by kind and id as JSON
  // text, as the document means them (secrets as it gives them, without empty members). Errors:
  // kDeclarativeConfig with fields; kInvalidSize when it is larger than `mem_cache_size`.
  Result<std::string> LoadText(std::string_view text);
  Result<std::string> LoadDocument(Json document);

  // What `declarative_config` or `declarative_config_string` name; an empty configuration when
  // neither is set. Gives how many rows changed.
  Result<size_t> LoadConfigured();
  static bool IsConfigured(const config::GatewayConf& conf);

  // MD5 of the text that the configuration came from; zeros for the empty one of the start.
  std::string Hash() const;

 private:
  using Configuration = store::declarative::Configuration;
  Result<Configuration> ReadConfigured() const;
  struct Applied {
    size_t rows = 0;          // that changed
    uint64_t generation = 0;  // which the workers have been told to serve by; 0: none
  };
  Result<std::string> LoadAndShow(Result<Configuration> configuration);
  Result<Applied> Apply(Configuration& configuration);

  const config::GatewayConf& conf_;
  const entity::Catalog& catalog_;
  replica::Replica& replica_;
  SharedState* const shared_;
  const Warn warn_;
};

}  // namespace silverback::runtime
