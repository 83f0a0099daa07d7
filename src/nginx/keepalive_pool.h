// KeepalivePool: idle connections to upstreams, by what makes them exchangeable (address, TLS name,
// verification, client certificate). One per worker; event loop only. Connections that the other
// side closes, that are idle for too long, or that a shutdown finds idle, go.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "nginx/ngx.h"

namespace silverback::nginx {

class KeepalivePool {
 public:
  struct Limits {
    size_t size = 60;            // idle connections of one kind; 0: no pooling
    ngx_uint_t requests = 100;   // that a connection may serve; 0: any number
    ngx_msec_t idle_ms = 60000;  // 0: for ever
  };
  explicit KeepalivePool(Limits limits) : limits_(limits) {}
  ~KeepalivePool();

  // What makes connections exchangeable; for one request's Take and Put.
  class Kind;
  using KindRef = std::shared_ptr<Kind>;
  KindRef Find(std::string_view key);

  // An idle connection of that kind, or nullptr. The caller owns it.
  ngx_connection_t* Take(Kind& kind);
  // Takes a connection over; false: it is not to be kept, the caller closes it.
  bool Put(Kind& kind, ngx_connection_t* connection);

 private:
  struct Idle {
    KeepalivePool* pool;
    ngx_connection_t* connection;
    Kind* kind;
    std::list<Idle>::iterator self;
  };
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };
  static void OnReadable(ngx_event_t* event);
  void Close(Idle& idle);

  Limits limits_;
  std::unordered_map<std::string, KindRef, Hash, std::equal_to<>> kinds_;
  std::list<Idle> spare_;   // nodes for the next connections
  size_t sweep_at_ = 1024;  // so many kinds; then the empty ones go
};

// Closes a connection to an upstream, TLS included, without waiting for the other side.
void CloseUpstreamConnection(ngx_connection_t* connection);

}  // namespace silverback::nginx
