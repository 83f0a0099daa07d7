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

KeepalivePool::~KeepalivePool() {
  for (auto& [key, list] : idle_) {
    for (Idle& idle : list) CloseUpstreamConnection(idle.connection);
  }
}

ngx_connection_t* KeepalivePool::Take(const std::string& key) {
  const auto found = idle_.find(key);
  if (found == idle_.end() || found->second.empty()) return nullptr;
  ngx_connection_t* connection = found->second.front().connection;
  found->second.pop_front();
  if (connection->read->timer_set) ngx_del_timer(connection->read);
  connection->idle = 0;
  connection->sent = 0;
  return connection;
}

bool KeepalivePool::Put(const std::string& key, ngx_connection_t* connection) {
  if (limits_.size == 0 || (limits_.requests != 0 && connection->requests >= limits_.requests))
    return false;
  const auto place = idle_.try_emplace(key).first;
  auto& list = place->second;
  if (list.size() >= limits_.size) Close(list.back());
  list.push_front(Idle{this, connection, &place->first, {}});
  list.front().self = list.begin();

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
  idle_.find(*idle.key)->second.erase(idle.self);
  CloseUpstreamConnection(connection);
}

}  // namespace silverback::nginx
