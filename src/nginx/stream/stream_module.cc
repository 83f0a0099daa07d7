// The stream module's directives, its configuration and where its handlers hang in nginx.
#include "nginx/stream/stream_module.h"

#include "nginx/dictionaries.h"
#include "nginx/gateway.h"
#include "nginx/handshake.h"
#include "nginx/shm_zone.h"
#include "nginx/stream/proxy_conf.h"
#include "nginx/stream/stream_peer.h"
#include "nginx/stream/stream_phases.h"

using namespace silverback::nginx;  // NOLINT: the tables below are made of its names

namespace {

char* SetBalancer(ngx_conf_t* cf, ngx_command_t*, void*) {
  auto* upstream = static_cast<ngx_stream_upstream_srv_conf_t*>(
      ngx_stream_conf_get_module_srv_conf(cf, ngx_stream_upstream_module));
  upstream->peer.init_upstream = &InitStreamUpstream;
  upstream->flags = NGX_STREAM_UPSTREAM_CREATE | NGX_STREAM_UPSTREAM_WEIGHT;
  return NGX_CONF_OK;
}

ngx_command_t commands[] = {
    {ngx_string("silverback_env_file"), NGX_STREAM_MAIN_CONF | NGX_CONF_TAKE1,
     ngx_conf_set_str_slot, NGX_STREAM_MAIN_CONF_OFFSET, offsetof(StreamMainConf, node.env_file),
     nullptr},
    {ngx_string("silverback_shared_memory"), NGX_STREAM_MAIN_CONF | NGX_CONF_TAKE1,
     ngx_conf_set_size_slot, NGX_STREAM_MAIN_CONF_OFFSET,
     offsetof(StreamMainConf, node.shared_memory), nullptr},
    {ngx_string("silverback_proxy"), NGX_STREAM_SRV_CONF | NGX_CONF_FLAG, ngx_conf_set_flag_slot,
     NGX_STREAM_SRV_CONF_OFFSET, offsetof(StreamServerConf, proxy), nullptr},
    {ngx_string("silverback_certificate"), NGX_STREAM_SRV_CONF | NGX_CONF_FLAG,
     ngx_conf_set_flag_slot, NGX_STREAM_SRV_CONF_OFFSET, offsetof(StreamServerConf, certificate),
     nullptr},
    {ngx_string("silverback_balancer"), NGX_STREAM_UPS_CONF | NGX_CONF_NOARGS, &SetBalancer, 0, 0,
     nullptr},
    ngx_null_command,
};

template <class Conf>
Conf* OfServer(const ngx_stream_core_srv_conf_t* server, const ngx_module_t& module) {
  return static_cast<Conf*>(server->ctx->srv_conf[module.ctx_index]);
}

// Puts our handler before the one that proxy_pass installed.
bool WrapProxy(ngx_conf_t* cf, ngx_stream_core_srv_conf_t* server, StreamServerConf& conf) {
  if (server->handler == nullptr) {
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "\"silverback_proxy\" needs \"proxy_pass\" in the server at %s:%ui",
                  server->file_name, server->line);
    return false;
  }
  conf.pass = server->handler;
  server->handler = &StreamContent;
  return true;
}

bool SetUpServers(ngx_conf_t* cf, const ngx_stream_core_main_conf_t& core) {
  auto** servers = static_cast<ngx_stream_core_srv_conf_t**>(core.servers.elts);
  for (ngx_uint_t i = 0; i < core.servers.nelts; ++i) {
    auto* conf = OfServer<StreamServerConf>(servers[i], ngx_stream_silverback_module);
    if (conf->proxy == 1 && !WrapProxy(cf, servers[i], *conf)) return false;
    const auto* ssl = OfServer<ngx_stream_ssl_conf_t>(servers[i], ngx_stream_ssl_module);
    if (conf->certificate == 1 && ssl->ssl.ctx != nullptr)
      ServeCertificates(ssl->ssl.ctx, Traffic::kStream);
  }
  return true;
}

bool AddHandler(ngx_stream_core_main_conf_t& core, ngx_stream_phases phase,
                ngx_stream_handler_pt handler) {
  auto* slot = static_cast<ngx_stream_handler_pt*>(ngx_array_push(&core.phases[phase].handlers));
  if (slot == nullptr) return false;
  *slot = handler;
  return true;
}

ngx_int_t PostConfiguration(ngx_conf_t* cf) {
  auto* conf = static_cast<StreamMainConf*>(
      ngx_stream_conf_get_module_main_conf(cf, ngx_stream_silverback_module));
  if (conf->node.env_file.len == 0) return NGX_OK;  // loaded, but not used
  ngx_str_t misplaced = Borrow(MisplacedProxyDirective());
  if (misplaced.len != 0) {
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                  "nginx's stream proxy module is not the one that this module was made for "
                  "(\"%V\")",
                  &misplaced);
    return NGX_ERROR;
  }
  conf->node.zone = AddZone(cf, conf->node.shared_memory);
  if (conf->node.zone == nullptr || AddDictionaries(cf, conf->node) != NGX_OK) return NGX_ERROR;
  auto& core = *static_cast<ngx_stream_core_main_conf_t*>(
      ngx_stream_conf_get_module_main_conf(cf, ngx_stream_core_module));
  const bool ok = SetUpServers(cf, core) &&
                  AddHandler(core, NGX_STREAM_ACCESS_PHASE, &StreamAccessPhase) &&
                  AddHandler(core, NGX_STREAM_LOG_PHASE, &StreamLogPhase);
  return ok ? NGX_OK : NGX_ERROR;
}

void* CreateMainConf(ngx_conf_t* cf) {
  auto* conf = static_cast<StreamMainConf*>(ngx_pcalloc(cf->pool, sizeof(StreamMainConf)));
  if (conf != nullptr) conf->node.shared_memory = NGX_CONF_UNSET_SIZE;
  return conf;
}

char* InitMainConf(ngx_conf_t* cf, void* conf) {
  return InitNodeConf(cf, static_cast<StreamMainConf*>(conf)->node);
}

void* CreateServerConf(ngx_conf_t* cf) {
  auto* conf = static_cast<StreamServerConf*>(ngx_pcalloc(cf->pool, sizeof(StreamServerConf)));
  if (conf != nullptr) conf->proxy = conf->certificate = NGX_CONF_UNSET;
  return conf;
}

char* MergeServerConf(ngx_conf_t*, void* parent, void* child) {
  auto* conf = static_cast<StreamServerConf*>(child);
  const auto* outer = static_cast<StreamServerConf*>(parent);
  ngx_conf_merge_value(conf->proxy, outer->proxy, 0);
  ngx_conf_merge_value(conf->certificate, outer->certificate, 0);
  return NGX_CONF_OK;
}

ngx_stream_module_t stream_module_context = {
    nullptr,       &PostConfiguration, &CreateMainConf,
    &InitMainConf, &CreateServerConf,  &MergeServerConf,
};

ngx_int_t InitProcess(ngx_cycle_t* cycle) {
  auto* conf = static_cast<StreamMainConf*>(
      ngx_stream_cycle_get_module_main_conf(cycle, ngx_stream_silverback_module));
  return conf == nullptr ? NGX_OK : StartGateway(cycle, conf->node);
}

}  // namespace

namespace silverback::nginx {

StreamServerConf* ServerConfOf(ngx_stream_session_t* s) {
  return static_cast<StreamServerConf*>(
      ngx_stream_get_module_srv_conf(s, ngx_stream_silverback_module));
}

}  // namespace silverback::nginx

extern "C" {

// The worker's end is the HTTP module's affair.
ngx_module_t ngx_stream_silverback_module = {
    NGX_MODULE_V1, &stream_module_context, commands, NGX_STREAM_MODULE, nullptr,
    nullptr,       &InitProcess,           nullptr,  nullptr,           nullptr,
    nullptr,       NGX_MODULE_V1_PADDING};
}
