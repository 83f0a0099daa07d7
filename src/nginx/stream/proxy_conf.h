// ProxyConf: the configuration of nginx's stream proxy module, which its headers do not show. A
// session gets a copy of its own, so that timeouts and TLS can be those of its service.
//
// nginx refuses a module that was built for another version of it; CheckProxyLayout makes sure
// besides that the directives of the module that is loaded write where this struct says.
#pragma once

#include "nginx/stream/stream_ngx.h"

namespace silverback::nginx {

struct ProxyConf {
  ngx_msec_t connect_timeout;
  ngx_msec_t timeout;
  ngx_msec_t next_upstream_timeout;
  size_t buffer_size;
  ngx_stream_complex_value_t* upload_rate;
  ngx_stream_complex_value_t* download_rate;
  ngx_uint_t requests;
  ngx_uint_t responses;
  ngx_uint_t next_upstream_tries;
  ngx_flag_t next_upstream;
  ngx_flag_t proxy_protocol;
  ngx_flag_t half_close;
  void* local;
  ngx_flag_t socket_keepalive;

  ngx_flag_t ssl_enable;
  ngx_flag_t ssl_session_reuse;
  ngx_uint_t ssl_protocols;
  ngx_str_t ssl_ciphers;
  ngx_stream_complex_value_t* ssl_name;
  ngx_flag_t ssl_server_name;
  ngx_flag_t ssl_verify;
  ngx_uint_t ssl_verify_depth;
  ngx_str_t ssl_trusted_certificate;
  ngx_str_t ssl_crl;
  ngx_stream_complex_value_t* ssl_certificate;
  ngx_stream_complex_value_t* ssl_certificate_key;
  ngx_array_t* ssl_passwords;
  ngx_array_t* ssl_conf_commands;
  ngx_ssl_t* ssl;

  ngx_stream_upstream_srv_conf_t* upstream;
  ngx_stream_complex_value_t* upstream_value;
};

// The directive whose place is another one, or "" when all are as expected.
std::string_view MisplacedProxyDirective();

// The session's own copy, which the proxy module will use. REQUIRES: not yet handed over to it.
// Throws std::bad_alloc.
ProxyConf& OwnProxyConf(ngx_stream_session_t* s);

}  // namespace silverback::nginx
