// The HTTP module's directives, its configuration and where its handlers hang in nginx.
#include "nginx/admin_content.h"
#include "nginx/cloud_variables.h"
#include "nginx/conf.h"
#include "nginx/dictionaries.h"
#include "nginx/error_page.h"
#include "nginx/filters.h"
#include "nginx/gateway.h"
#include "nginx/handshake.h"
#include "nginx/network.h"
#include "nginx/phases.h"
#include "nginx/request_context.h"
#include "nginx/shm_zone.h"
#include "nginx/upstream_peer.h"

using namespace silverback::nginx;  // NOLINT: the tables below are made of its names

namespace {

constexpr std::string_view kVariableNames[kVariableCount] = {
    "upstream_scheme",
    "upstream_grpc_scheme",
    "upstream_uri",
    "upstream_host",
    "upstream_head",
    "upstream_te",
    "upstream_upgrade",
    "upstream_connection",
    "upstream_x_forwarded_for",
    "upstream_x_forwarded_proto",
    "upstream_x_forwarded_host",
    "upstream_x_forwarded_port",
    "upstream_x_forwarded_path",
    "upstream_x_forwarded_prefix",
    "kong_proxy_mode",
    "ctx_ref",
};

// "silverback_admin;" and "silverback_admin on;" mean the same.
bool SwitchedOff(ngx_conf_t* cf) {
  auto* words = static_cast<ngx_str_t*>(cf->args->elts);
  return cf->args->nelts > 1 && View(words[1]) == "off";
}

template <ngx_http_handler_pt Handler>
char* SetContentHandler(ngx_conf_t* cf, ngx_command_t*, void*) {
  if (SwitchedOff(cf)) return NGX_CONF_OK;
  auto* core = static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
  core->handler = Handler;
  return NGX_CONF_OK;
}

char* SetBalancer(ngx_conf_t* cf, ngx_command_t*, void*) {
  auto* upstream = static_cast<ngx_http_upstream_srv_conf_t*>(
      ngx_http_conf_get_module_srv_conf(cf, ngx_http_upstream_module));
  upstream->peer.init_upstream = &InitUpstream;
  upstream->flags = NGX_HTTP_UPSTREAM_CREATE | NGX_HTTP_UPSTREAM_WEIGHT;
  return NGX_CONF_OK;
}

char* SetCertificate(ngx_conf_t* cf, ngx_command_t*, void* conf) {
  static_cast<ServerConf*>(conf)->certificate = SwitchedOff(cf) ? 0 : 1;
  return NGX_CONF_OK;
}

ngx_command_t commands[] = {
    {ngx_string("silverback_env_file"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, ngx_conf_set_str_slot,
     NGX_HTTP_MAIN_CONF_OFFSET, offsetof(MainConf, node.env_file), nullptr},
    {ngx_string("silverback_shared_memory"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1,
     ngx_conf_set_size_slot, NGX_HTTP_MAIN_CONF_OFFSET, offsetof(MainConf, node.shared_memory),
     nullptr},
    {ngx_string("silverback_proxy"), NGX_HTTP_LOC_CONF | NGX_CONF_FLAG, ngx_conf_set_flag_slot,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(LocationConf, proxy), nullptr},
    {ngx_string("silverback_admin"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS | NGX_CONF_TAKE1,
     &SetContentHandler<&AdminContent>, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("silverback_status"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS | NGX_CONF_TAKE1,
     &SetContentHandler<&StatusContent>, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("silverback_error_page"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS | NGX_CONF_TAKE1,
     &SetContentHandler<&ErrorPageContent>, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("silverback_status_page"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS | NGX_CONF_TAKE1,
     &SetContentHandler<&StatusPageContent>, NGX_HTTP_LOC_CONF_OFFSET, 0, nullptr},
    {ngx_string("silverback_balancer"), NGX_HTTP_UPS_CONF | NGX_CONF_NOARGS, &SetBalancer, 0, 0,
     nullptr},
    {ngx_string("silverback_certificate"), NGX_HTTP_SRV_CONF | NGX_CONF_NOARGS | NGX_CONF_TAKE1,
     &SetCertificate, NGX_HTTP_SRV_CONF_OFFSET, 0, nullptr},
    ngx_null_command,
};

ngx_int_t GetVariable(ngx_http_request_t* r, ngx_http_variable_value_t* value, uintptr_t which) {
  const std::string_view text = ProxyVariable(r, static_cast<Variable>(which));
  value->data = Borrow(text).data;
  value->len = static_cast<unsigned>(text.size()) & 0xfffffffu;
  value->valid = 1;
  value->no_cacheable = 0;
  value->not_found = 0;
  return NGX_OK;
}

ngx_int_t AddVariables(ngx_conf_t* cf) {
  auto* conf =
      static_cast<MainConf*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_silverback_module));
  for (int i = 0; i < kVariableCount; ++i) {
    ngx_str_t name = Borrow(kVariableNames[i]);
    ngx_http_variable_t* variable = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_CHANGEABLE);
    if (variable == nullptr) return NGX_ERROR;
    variable->get_handler = &GetVariable;
    variable->data = static_cast<uintptr_t>(i);
    conf->variables[i] = ngx_http_get_variable_index(cf, &name);
    if (conf->variables[i] == NGX_ERROR) return NGX_ERROR;
  }
  ngx_str_t name = ngx_string("request_uri");
  conf->request_uri = ngx_http_get_variable_index(cf, &name);
  return conf->request_uri == NGX_ERROR ? NGX_ERROR : NGX_OK;
}

ngx_int_t AddPhaseHandlers(ngx_conf_t* cf) {
  auto* core = static_cast<ngx_http_core_main_conf_t*>(
      ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
  const std::pair<ngx_http_phases, ngx_http_handler_pt> handlers[] = {
      {NGX_HTTP_REWRITE_PHASE, &RewritePhase},
      {NGX_HTTP_ACCESS_PHASE, &AccessPhase},
      {NGX_HTTP_LOG_PHASE, &LogPhase},
  };
  for (const auto& [phase, handler] : handlers) {
    auto* slot = static_cast<ngx_http_handler_pt*>(ngx_array_push(&core->phases[phase].handlers));
    if (slot == nullptr) return NGX_ERROR;
    *slot = handler;
  }
  return NGX_OK;
}

ngx_int_t PostConfiguration(ngx_conf_t* cf) {
  auto* conf =
      static_cast<MainConf*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_silverback_module));
  if (conf->node.env_file.len == 0) return NGX_OK;  // loaded, but not used
  Network::ReadEnvironment();
  conf->node.zone = AddZone(cf, conf->node.shared_memory);
  if (conf->node.zone == nullptr || AddDictionaries(cf, conf->node) != NGX_OK) return NGX_ERROR;
  if (AddCertificateCallbacks(cf) != NGX_OK) return NGX_ERROR;
  return AddPhaseHandlers(cf);
}

void* CreateMainConf(ngx_conf_t* cf) {
  auto* conf = static_cast<MainConf*>(ngx_pcalloc(cf->pool, sizeof(MainConf)));
  if (conf != nullptr) conf->node.shared_memory = NGX_CONF_UNSET_SIZE;
  return conf;
}

char* InitMainConf(ngx_conf_t* cf, void* conf) {
  return InitNodeConf(cf, static_cast<MainConf*>(conf)->node);
}

void* CreateServerConf(ngx_conf_t* cf) {
  auto* conf = static_cast<ServerConf*>(ngx_pcalloc(cf->pool, sizeof(ServerConf)));
  if (conf != nullptr) conf->certificate = NGX_CONF_UNSET;
  return conf;
}

char* MergeServerConf(ngx_conf_t*, void* parent, void* child) {
  auto* conf = static_cast<ServerConf*>(child);
  ngx_conf_merge_value(conf->certificate, static_cast<ServerConf*>(parent)->certificate, 0);
  return NGX_CONF_OK;
}

void* CreateLocationConf(ngx_conf_t* cf) {
  auto* conf = static_cast<LocationConf*>(ngx_pcalloc(cf->pool, sizeof(LocationConf)));
  if (conf != nullptr) conf->proxy = NGX_CONF_UNSET;
  return conf;
}

char* MergeLocationConf(ngx_conf_t*, void* parent, void* child) {
  auto* conf = static_cast<LocationConf*>(child);
  ngx_conf_merge_value(conf->proxy, static_cast<LocationConf*>(parent)->proxy, 0);
  return NGX_CONF_OK;
}

ngx_http_module_t http_module_context = {
    &AddVariables,     &PostConfiguration, &CreateMainConf,     &InitMainConf,
    &CreateServerConf, &MergeServerConf,   &CreateLocationConf, &MergeLocationConf,
};

ngx_http_module_t filter_module_context = {
    nullptr, &AddFilters, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
};

ngx_int_t InitProcess(ngx_cycle_t* cycle) {
  if (ngx_get_conf(cycle->conf_ctx, ngx_http_module) == nullptr) return NGX_OK;
  auto* conf = static_cast<MainConf*>(
      ngx_http_cycle_get_module_main_conf(cycle, ngx_http_silverback_module));
  return conf == nullptr ? NGX_OK : StartGateway(cycle, conf->node);
}

ngx_int_t InitModule(ngx_cycle_t* cycle) {
  if (ngx_get_conf(cycle->conf_ctx, ngx_http_module) == nullptr) return NGX_OK;
  auto* conf = static_cast<MainConf*>(
      ngx_http_cycle_get_module_main_conf(cycle, ngx_http_silverback_module));
  return conf == nullptr ? NGX_OK : MakeReplicaFolder(cycle, conf->node);
}

void ExitProcess(ngx_cycle_t*) { StopGateway(); }

}  // namespace

namespace silverback::nginx {

MainConf* MainConfOf(ngx_http_request_t* r) {
  return static_cast<MainConf*>(ngx_http_get_module_main_conf(r, ngx_http_silverback_module));
}

LocationConf* LocationConfOf(ngx_http_request_t* r) {
  return static_cast<LocationConf*>(ngx_http_get_module_loc_conf(r, ngx_http_silverback_module));
}

}  // namespace silverback::nginx

extern "C" {

ngx_module_t ngx_http_silverback_module = {
    NGX_MODULE_V1, &http_module_context, commands,     NGX_HTTP_MODULE,
    nullptr,       &InitModule,          &InitProcess, nullptr,
    nullptr,       &ExitProcess,         nullptr,      NGX_MODULE_V1_PADDING};

ngx_module_t ngx_http_silverback_filter_module = {NGX_MODULE_V1, &filter_module_context,
                                                  nullptr,       NGX_HTTP_MODULE,
                                                  nullptr,       nullptr,
                                                  nullptr,       nullptr,
                                                  nullptr,       nullptr,
                                                  nullptr,       NGX_MODULE_V1_PADDING};
}
