#include <ares.h>
#include <sys/select.h>

#include <algorithm>

#include "dns/transport.h"

namespace silverback::dns {
namespace {

// For how long a server that did not answer is asked after the others.
constexpr double kAvoidSeconds = 30;

std::string WithPort(const std::string& server) {
  const bool has_port = server.starts_with('[')
                            ? !server.ends_with(']')
                            : std::count(server.begin(), server.end(), ':') == 1;
  return has_port ? server : server + ":53";
}

// "10.0.0.1" or "10.0.0.1:53"; IPv6 without brackets only where there is no port.
std::string ForAres(const std::string& server) {
  const auto colons = std::count(server.begin(), server.end(), ':');
  return colons > 1 && !server.starts_with('[') ? "[" + server + "]" : server;
}

// The RCODE behind a status of c-ares that stands for one, or -1.
int CodeOf(int status) {
  switch (status) {
    case ARES_SUCCESS:
    case ARES_ENODATA:
      return 0;
    case ARES_EFORMERR:
      return 1;
    case ARES_ESERVFAIL:
      return 2;
    case ARES_ENOTFOUND:
      return kNameError;
    case ARES_ENOTIMP:
      return 4;
    case ARES_EREFUSED:
      return 5;
    default:
      return -1;
  }
}

// One name server: a channel of c-ares that knows no other. Which server is asked when is decided
// here and not by c-ares, which would not tell "server failure" from "nobody there".
class Server {
 public:
  using Done = std::function<void(int status, const unsigned char* message, size_t bytes)>;

  Server(std::string name, Loop& loop) : name_(std::move(name)), loop_(loop) {}
  ~Server() {
    if (channel_ != nullptr) ares_destroy(channel_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Status Open(double timeout) {
    ares_options options{};
    options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP;
    options.timeout = static_cast<int>(timeout * 1000);
    options.tries = 1;
    options.lookups = const_cast<char*>("b");
    options.sock_state_cb = [](void* self, int socket, int readable, int writable) {
      static_cast<Server*>(self)->Watch(socket, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    int status = ares_init_options(&channel_, &options,
                                   ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                                       ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
    if (status == ARES_SUCCESS)
      status = ares_set_servers_ports_csv(channel_, ForAres(name_).c_str());
    if (status != ARES_SUCCESS)
      return Error(ErrorCode::kInvalidInput, name_ + ": " + ares_strerror(status));
    return Ok();
  }

  void Query(const std::string& name, Type type, Done done) {
    auto* waiting = new Done(std::move(done));
    ares_query(
        channel_, name.c_str(), 1, static_cast<int>(type),
        [](void* argument, int status, int, unsigned char* message, int bytes) {
          const std::unique_ptr<Done> mine(static_cast<Done*>(argument));
          (*mine)(status, message, static_cast<size_t>(bytes));
        },
        waiting);
    Rearm();
  }

  std::string Describe(int status) const {
    const std::string whom = "failed to receive reply from UDP server " + WithPort(name_) + ": ";
    if (status == ARES_ETIMEOUT) return whom + "timeout";
    if (status == ARES_ECONNREFUSED) return whom + "connection refused";
    return ares_strerror(status);
  }

  double avoid_until = 0;

 private:
  void Watch(int socket, bool readable, bool writable) {
    loop_.Watch(socket, readable, writable, [this, socket](bool can_read, bool can_write) {
      ares_process_fd(channel_, can_read ? socket : ARES_SOCKET_BAD,
                      can_write ? socket : ARES_SOCKET_BAD);
      Rearm();
    });
  }

  // c-ares looks after its timeouts only when it is called.
  void Rearm() {
    timeval wait{};
    timer_.reset();
    if (ares_timeout(channel_, nullptr, &wait) == nullptr) return;
    const double seconds =
        static_cast<double>(wait.tv_sec) + static_cast<double>(wait.tv_usec) / 1e6;
    timer_ = loop_.After(seconds + 0.001, [this] {
      ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      Rearm();
    });
  }

  const std::string name_;
  Loop& loop_;
  ares_channel channel_ = nullptr;
  std::shared_ptr<void> timer_;
};

class AresTransport final : public Transport {
 public:
  AresTransport(const Settings& settings, Loop& loop)
      : loop_(loop), attempts_(settings.attempts), rotate_(settings.rotate) {}
  ~AresTransport() override {
    closing_ = true;
    servers_.clear();
  }

  Status Open(const Settings& settings) {
    ares_library_init(ARES_LIB_INIT_ALL);
    for (const std::string& name : settings.nameservers) {
      servers_.push_back(std::make_unique<Server>(name, loop_));
      const Status opened = servers_.back()->Open(settings.timeout);
      if (!opened) return opened;
    }
    return Ok();
  }

  void Query(const std::string& name, Type type, std::function<void(Reply)> done) override {
    if (servers_.empty()) {
      Reply none;
      none.failure = "failed to create a resolver: no nameservers specified";
      return done(std::move(none));
    }
    auto waiting = std::make_shared<Waiting>(name, type, std::move(done));
    const size_t first = rotate_ ? next_first_++ : 0;
    for (size_t i = 0; i < servers_.size(); ++i)
      waiting->order.push_back((first + i) % servers_.size());
    const double now = loop_.Now();
    std::stable_partition(waiting->order.begin(), waiting->order.end(),
                          [&](size_t i) { return servers_[i]->avoid_until <= now; });
    Send(waiting);
  }

 private:
  struct Waiting {
    Waiting(std::string its_name, Type its_type, std::function<void(Reply)> its_done)
        : name(std::move(its_name)), type(its_type), done(std::move(its_done)) {}
    std::string name;
    Type type;
    std::function<void(Reply)> done;
    std::vector<size_t> order;  // of the servers
    size_t tries = 0;
  };

  void Send(const std::shared_ptr<Waiting>& waiting) {
    Server& server = *servers_[waiting->order[waiting->tries++ % servers_.size()]];
    server.Query(waiting->name, waiting->type,
                 [this, waiting, &server](int status, const unsigned char* message, size_t bytes) {
                   Take(waiting, server, status, message, bytes);
                 });
  }

  void Take(const std::shared_ptr<Waiting>& waiting, Server& server, int status,
            const unsigned char* message, size_t bytes) {
    Reply reply;
    if (closing_) {
      reply.failure = "the worker is shutting down";
    } else if (message != nullptr && CodeOf(status) == 0) {
      reply = ParseReply(message, bytes);
    } else if (CodeOf(status) >= 0) {
      reply.code = CodeOf(status);
    } else {
      reply.failure = server.Describe(status);
    }
    const bool silent = status == ARES_ETIMEOUT || status == ARES_ECONNREFUSED;
    if (silent) server.avoid_until = loop_.Now() + kAvoidSeconds;
    const bool unsure = reply.code != 0 && reply.code != kNameError;
    const bool again = (silent && waiting->tries < std::max(attempts_, servers_.size())) ||
                       (unsure && waiting->tries < servers_.size());
    if (again && !closing_) return Send(waiting);
    waiting->done(std::move(reply));
  }

  Loop& loop_;
  std::vector<std::unique_ptr<Server>> servers_;
  const size_t attempts_;
  const bool rotate_;
  size_t next_first_ = 0;
  bool closing_ = false;
};

}  // namespace

Result<std::unique_ptr<Transport>> MakeAresTransport(const Settings& settings, Loop& loop) {
  auto transport = std::make_unique<AresTransport>(settings, loop);
  const Status opened = transport->Open(settings);
  if (!opened) return opened.error();
  return std::unique_ptr<Transport>(std::move(transport));
}

}  // namespace silverback::dns
