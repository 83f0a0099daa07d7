#include "nginx/draining.h"

#include <string_view>

namespace silverback::nginx {
namespace {

// How long a connection may stay idle when its worker is to end.
constexpr ngx_msec_t kLingerMs = 1000;

bool ListenerSpeaksHttp2(const ngx_listening_t& listening) {
  const auto* port = static_cast<const ngx_http_port_t*>(listening.servers);
  for (ngx_uint_t i = 0; i < port->naddrs; ++i) {
    const bool http2 = listening.sockaddr->sa_family == AF_INET6
                           ? static_cast<ngx_http_in6_addr_t*>(port->addrs)[i].conf.http2
                           : static_cast<ngx_http_in_addr_t*>(port->addrs)[i].conf.http2;
    if (http2) return true;
  }
  return false;
}

bool MayBeHttp2(const ngx_connection_t& connection) {
  if (connection.ssl == nullptr) return ListenerSpeaksHttp2(*connection.listening);
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(connection.ssl->connection, &name, &size);
  return std::string_view(reinterpret_cast<const char*>(name), size) == "h2";
}

}  // namespace

void LetClientsFinish(ngx_cycle_t* cycle) {
  for (ngx_uint_t i = 0; i < cycle->connection_n; ++i) {
    ngx_connection_t& connection = cycle->connections[i];
    if (connection.fd == static_cast<ngx_socket_t>(-1) || !connection.idle) continue;
    if (connection.listening == nullptr ||
        connection.listening->handler != &ngx_http_init_connection || MayBeHttp2(connection))
      continue;
    connection.idle = 0;
    ngx_add_timer(connection.read, kLingerMs);
  }
}

void AnnounceClose(ngx_http_request_t* r) {
  if (ngx_exiting && r->stream == nullptr) r->keepalive = 0;
}

}  // namespace silverback::nginx
