#include "nginx/conf.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "config/gateway_conf.h"
#include "nginx/cloud_variables.h"
#include "nginx/guard.h"
#include "runtime/store_factory.h"

namespace silverback::nginx {
namespace {

constexpr mode_t kPrivate = 0700;

void DropSettings(void* settings) { delete static_cast<const config::GatewayConf*>(settings); }

bool ReadSettings(ngx_conf_t* cf, NodeConf& node) {
  auto loaded = config::GatewayConf::FromEnvFile(std::string(View(node.env_file)));
  if (!loaded) {
    ngx_str_t why = Borrow(std::string_view(loaded.error().message()));
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "[silverback] configuration: %V", &why);
    return false;
  }
  auto settings = std::make_unique<const config::GatewayConf>(*std::move(loaded));
  ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(cf->pool, 0);
  if (cleanup == nullptr) return false;
  node.settings = settings.release();
  cleanup->data = const_cast<config::GatewayConf*>(node.settings);
  cleanup->handler = &DropSettings;
  return true;
}

}  // namespace

char* InitNodeConf(ngx_conf_t* cf, NodeConf& node) {
  KeepCloudVariables();
  ngx_conf_init_size_value(node.shared_memory, kDefaultSharedMemory);
  if (node.env_file.len == 0) return NGX_CONF_OK;
  const bool read = ngx_conf_full_name(cf->cycle, &node.env_file, 1) == NGX_OK &&
                    Guard(cf->log, "settings", false, [&] { return ReadSettings(cf, node); });
  return read ? NGX_CONF_OK : static_cast<char*>(NGX_CONF_ERROR);
}

ngx_int_t MakeReplicaFolder(ngx_cycle_t* cycle, const NodeConf& node) {
  if (node.settings == nullptr || ngx_test_config || geteuid() != 0) return NGX_OK;
  const auto* core =
      reinterpret_cast<ngx_core_conf_t*>(ngx_get_conf(cycle->conf_ctx, ngx_core_module));
  return Guard(cycle->log, "replica folder", ngx_int_t{NGX_ERROR}, [&]() -> ngx_int_t {
    const std::string folder = runtime::ReplicaPath(*node.settings);
    if (mkdir(folder.c_str(), kPrivate) != 0) {
      if (errno == EEXIST) return NGX_OK;
    } else if (chown(folder.c_str(), core->user, core->group) == 0) {
      return NGX_OK;
    }
    ngx_log_error(NGX_LOG_EMERG, cycle->log, errno, "could not make \"%s\"", folder.c_str());
    return NGX_ERROR;
  });
}

}  // namespace silverback::nginx
