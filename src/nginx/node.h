// RunningNode: what the Admin API asks of the node that it runs on. Called from the Admin API's
// threads: what belongs to the event loop is asked for there and waited for.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "admin/api.h"
#include "config/gateway_conf.h"
#include "nginx/dictionaries.h"
#include "nginx/event_loop.h"
#include "nginx/ngx.h"
#include "runtime/shared_state.h"
#include "runtime/upstreams.h"
#include "runtime/worker.h"

namespace silverback::nginx {

class RunningNode final : public admin::Node {
 public:
  struct Parts {
    const config::GatewayConf& conf;
    const entity::Catalog& catalog;
    EventLoop& loop;
    runtime::SharedState& shared;
    runtime::Upstreams& upstreams;  // these two on the event loop
    dns::Client& dns;
    std::function<std::shared_ptr<const runtime::Snapshot>()> snapshot;  // on the event loop
    std::string node_id;
    const Dictionaries& dictionaries;
    plugin::PluginEnv& env;  // on the event loop
  };
  explicit RunningNode(Parts parts) : parts_(std::move(parts)) {}

  Json Status() override;
  Json Pids() override;
  std::string NodeId() override { return parts_.node_id; }
  uint64_t Generation() override { return parts_.shared.generation(); }
  Json UpstreamHealth(std::string_view upstream_id) override;
  void SetTargetHealth(std::string_view upstream_id, std::string_view target,
                       std::string_view address, bool healthy) override;
  Json Dns() override;
  Json ExplainRoute(const Json& request) override;
  std::string Metrics(bool datastore_reachable) override;
  bool CacheHas(std::string_view entity, const store::Key& key) override;
  void CacheDelete(std::string_view entity, const store::Key& key) override;
  void CacheClear() override;
  std::optional<Json> ProxyCacheGet(std::string_view dictionary, std::string_view key) override;
  bool ProxyCacheDelete(std::string_view dictionary, std::string_view key) override;
  void ProxyCachePurge(std::string_view dictionary) override;
  silverback::Status AcmeOrder(const Json& config, const std::string& host) override;
  silverback::Status AcmeTest(const Json& config, const std::string& host) override;
  void AcmeRenew(const Json& config) override;
  Result<std::vector<Json>> AcmeCertificates(const Json& config, const std::string& host) override;

 private:
  std::optional<uint64_t> CacheMark(std::string_view entity, const store::Key& key) const;
  Json Zones() const;  // of shared memory: {"NAME": {"capacity":, "allocated_slabs":}}
  // Runs `work` on the event loop and waits for it.
  void OnLoop(std::function<void()> work);

  Parts parts_;
};

}  // namespace silverback::nginx
