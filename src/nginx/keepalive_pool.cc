#include "nginx/keepalive_pool.h"

namespace silverback::nginx {

void CloseUpstreamConnection(ngx_connection_t* connection) {
  if (connection->ssl != nullptr) {
    connection->ssl->no_wait_shutdown = 1;
    connection->ssl->no_send_shutdown = 1;
    ngx_ssl_shutdown(connection);
  }
  if (connection->pool != nullptr) ngx_destroy_pool(connection->pool);
  ngx_close_connection(connection);
}

class KeepalivePool::Kind {
 public:
  std::list<Idle> idle;  // most recent first
};

KeepalivePool::~KeepalivePool() {
  for (auto& [key, kind] : kinds_) {
    for (Idle& idle : kind->idle) CloseUpstreamConnection(idle.connection);
  }
}

KeepalivePool::KindRef KeepalivePool::Find(std::string_view key) {
  const auto found = kinds_.find(key);
  if (found != kinds_.end()) return found->second;
  if (kinds_.size() >= sweep_at_) {
    std::erase_if(kinds_, [](const auto& entry) {
      return entry.second->idle.empty() && entry.second.use_count() == 1;
    });
    sweep_at_ = std::max(sweep_at_, kinds_.size() * 2);
  }
  return kinds_.emplace(key, std::make_shared<Kind>()).first->second;
}

ngx_connection_t* KeepalivePool::Take(Kind& kind) {
  std::list<Idle>& idle = kind.idle;
  if (idle.empty()) return nullptr;
  ngx_connection_t* connection = idle.front().connection;
  spare_.splice(spare_.begin(), idle, idle.begin());
  if (connection->read->timer_set) ngx_del_timer(connection->read);
  connection->idle = 0;
  connection->sent = 0;
  return connection;
}

bool KeepalivePool::Put(Kind& kind, ngx_connection_t* connection) {
  if (limits_.size == 0 || (limits_.requests != 0 && connection->requests >= limits_.requests))
    return false;
  auto& list = kind.idle;
  if (list.size() >= limits_.size) Close(list.back());
  if (spare_.empty()) spare_.emplace_front();
  list.splice(list.begin(), spare_, spare_.begin());
  list.front() = Idle{this, connection, &kind, list.begin()};

  if (connection->read->timer_set) ngx_del_timer(connection->read);
  if (connection->write->timer_set) ngx_del_timer(connection->write);
  if (limits_.idle_ms != 0) ngx_add_timer(connection->read, limits_.idle_ms);
  connection->write->handler = [](ngx_event_t*) {};
  connection->read->handler = &OnReadable;
  connection->data = &list.front();
  connection->idle = 1;
  connection->log = ngx_cycle->log;
  connection->read->log = ngx_cycle->log;
  connection->write->log = ngx_cycle->log;
  if (connection->pool != nullptr) connection->pool->log = ngx_cycle->log;
  // What came together with the response's end.
  if (connection->read->ready) OnReadable(connection->read);
  return true;
}

void KeepalivePool::OnReadable(ngx_event_t* event) {
  auto* connection = static_cast<ngx_connection_t*>(event->data);
  auto& idle = *static_cast<Idle*>(connection->data);
  if (!connection->close && !event->timedout) {
    char byte;
    const ssize_t got = recv(connection->fd, &byte, 1, MSG_PEEK);
    if (got == -1 && ngx_socket_errno == NGX_EAGAIN) {
      event->ready = 0;
      if (ngx_handle_read_event(event, 0) == NGX_OK) return;
    }
  }
  // Closed, shut down, idle for too long, or it speaks without being asked.
  idle.pool->Close(idle);
}

void KeepalivePool::Close(Idle& idle) {
  ngx_connection_t* connection = idle.connection;
  spare_.splice(spare_.begin(), idle.kind->idle, idle.self);
  CloseUpstreamConnection(connection);
}

}  // namespace silverback::nginx
