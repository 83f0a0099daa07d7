#include "nginx/io_loop.h"

#include "nginx/guard.h"

namespace silverback::nginx {
namespace {

// As the base, so that the event that nginx hands back leads to it.
struct Timer : ngx_event_t {
  ngx_connection_t connection{};  // nginx prints its descriptor in the debug log
  std::function<void()> work;
};

void Fire(ngx_event_t* event) {
  // The work may drop the handle, and with it the timer.
  const auto work = std::move(static_cast<Timer*>(event)->work);
  ngx_log_t* log = event->log;
  GuardVoid(log, "timer", work);
}

void SetEvent(ngx_event_t* event, ngx_int_t kind, bool on) {
  if (on && !event->active) {
    ngx_add_event(event, kind, NGX_LEVEL_EVENT);
  } else if (!on && event->active) {
    ngx_del_event(event, kind, 0);
  }
}

}  // namespace

struct IoLoop::Watched {
  ngx_connection_t* connection = nullptr;
  std::function<void(bool, bool)> ready;
};

IoLoop::~IoLoop() {
  while (!sockets_.empty()) Forget(sockets_.begin()->first);
}

std::shared_ptr<void> IoLoop::After(double seconds, std::function<void()> work) {
  std::shared_ptr<Timer> timer(new Timer(), [](Timer* old) {
    if (old->timer_set) ngx_del_timer(old);
    delete old;
  });
  timer->connection.fd = static_cast<ngx_socket_t>(-1);
  timer->data = &timer->connection;
  timer->handler = &Fire;
  timer->log = log_;
  timer->cancelable = 1;
  timer->work = std::move(work);
  ngx_add_timer(timer.get(), static_cast<ngx_msec_t>(std::max(0.0, seconds) * 1000));
  return timer;
}

void IoLoop::Watch(int socket, bool readable, bool writable,
                   std::function<void(bool, bool)> ready) {
  if (!readable && !writable) return Forget(socket);
  std::shared_ptr<Watched>& watched = sockets_[socket];
  if (!watched) {
    ngx_connection_t* connection = ngx_get_connection(socket, log_);
    if (connection == nullptr) {
      sockets_.erase(socket);
      return;
    }
    connection->data = this;
    connection->read->log = connection->write->log = log_;
    connection->read->handler = connection->write->handler = &OnReady;
    watched = std::make_shared<Watched>();
    watched->connection = connection;
  }
  watched->ready = std::move(ready);
  SetEvent(watched->connection->read, NGX_READ_EVENT, readable);
  SetEvent(watched->connection->write, NGX_WRITE_EVENT, writable);
}

void IoLoop::Forget(int socket) {
  const auto found = sockets_.find(socket);
  if (found == sockets_.end()) return;
  ngx_connection_t* connection = found->second->connection;
  sockets_.erase(found);
  SetEvent(connection->read, NGX_READ_EVENT, false);
  SetEvent(connection->write, NGX_WRITE_EVENT, false);
  // The descriptor is the library's.
  ngx_free_connection(connection);
  connection->fd = static_cast<ngx_socket_t>(-1);
}

void IoLoop::OnReady(ngx_event_t* event) {
  auto* connection = static_cast<ngx_connection_t*>(event->data);
  auto* loop = static_cast<IoLoop*>(connection->data);
  const auto found = loop->sockets_.find(connection->fd);
  if (found == loop->sockets_.end()) return;
  // What it does may forget the socket.
  const auto watched = found->second;
  const auto ready = watched->ready;
  const bool readable = event == connection->read;
  GuardVoid(event->log, "socket", [&] { ready(readable, !readable); });
}

}  // namespace silverback::nginx
