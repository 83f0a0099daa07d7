#include "nginx/stream/proxy_conf.h"

#include <new>

extern "C" ngx_module_t ngx_stream_proxy_module;

namespace silverback::nginx {
namespace {

struct Place {
  std::string_view directive;
  size_t offset;
};

constexpr Place kPlaces[] = {
    {"proxy_connect_timeout", offsetof(ProxyConf, connect_timeout)},
    {"proxy_timeout", offsetof(ProxyConf, timeout)},
    {"proxy_next_upstream_timeout", offsetof(ProxyConf, next_upstream_timeout)},
    {"proxy_buffer_size", offsetof(ProxyConf, buffer_size)},
    {"proxy_upload_rate", offsetof(ProxyConf, upload_rate)},
    {"proxy_download_rate", offsetof(ProxyConf, download_rate)},
    {"proxy_requests", offsetof(ProxyConf, requests)},
    {"proxy_responses", offsetof(ProxyConf, responses)},
    {"proxy_next_upstream_tries", offsetof(ProxyConf, next_upstream_tries)},
    {"proxy_next_upstream", offsetof(ProxyConf, next_upstream)},
    {"proxy_protocol", offsetof(ProxyConf, proxy_protocol)},
    {"proxy_half_close", offsetof(ProxyConf, half_close)},
    {"proxy_socket_keepalive", offsetof(ProxyConf, socket_keepalive)},
    {"proxy_ssl", offsetof(ProxyConf, ssl_enable)},
    {"proxy_ssl_session_reuse", offsetof(ProxyConf, ssl_session_reuse)},
    {"proxy_ssl_protocols", offsetof(ProxyConf, ssl_protocols)},
    {"proxy_ssl_ciphers", offsetof(ProxyConf, ssl_ciphers)},
    {"proxy_ssl_name", offsetof(ProxyConf, ssl_name)},
    {"proxy_ssl_server_name", offsetof(ProxyConf, ssl_server_name)},
    {"proxy_ssl_verify", offsetof(ProxyConf, ssl_verify)},
    {"proxy_ssl_verify_depth", offsetof(ProxyConf, ssl_verify_depth)},
    {"proxy_ssl_trusted_certificate", offsetof(ProxyConf, ssl_trusted_certificate)},
    {"proxy_ssl_crl", offsetof(ProxyConf, ssl_crl)},
    {"proxy_ssl_certificate", offsetof(ProxyConf, ssl_certificate)},
    {"proxy_ssl_certificate_key", offsetof(ProxyConf, ssl_certificate_key)},
    {"proxy_ssl_conf_command", offsetof(ProxyConf, ssl_conf_commands)},
};

const ngx_command_t* Find(std::string_view directive) {
  for (const ngx_command_t* each = ngx_stream_proxy_module.commands; each->name.len != 0; ++each) {
    if (View(each->name) == directive) return each;
  }
  return nullptr;
}

}  // namespace

std::string_view MisplacedProxyDirective() {
  for (const Place& place : kPlaces) {
    const ngx_command_t* command = Find(place.directive);
    if (command == nullptr || command->offset != place.offset) return place.directive;
  }
  return {};
}

ProxyConf& OwnProxyConf(ngx_stream_session_t* s) {
  ngx_pool_t* pool = s->connection->pool;
  const size_t slots = ngx_stream_max_module * sizeof(void*);
  auto** all = static_cast<void**>(ngx_palloc(pool, slots + sizeof(ProxyConf)));
  if (all == nullptr) throw std::bad_alloc();
  ngx_memcpy(all, s->srv_conf, slots);
  auto* own = reinterpret_cast<ProxyConf*>(all + ngx_stream_max_module);
  *own = *static_cast<ProxyConf*>(ngx_stream_get_module_srv_conf(s, ngx_stream_proxy_module));
  all[ngx_stream_proxy_module.ctx_index] = own;
  s->srv_conf = all;
  return *own;
}

}  // namespace silverback::nginx
