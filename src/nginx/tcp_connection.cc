#include "nginx/tcp_connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace silverback::nginx {
namespace {

constexpr double kMilliseconds = 1000;

union Address {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// The length; 0: it is no address.
socklen_t MakeAddress(const std::string& ip, int port, Address& address) {
  std::memset(&address, 0, sizeof(address));
  if (inet_pton(AF_INET, ip.c_str(), &address.v4.sin_addr) == 1) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(static_cast<uint16_t>(port));
    return sizeof(address.v4);
  }
  if (inet_pton(AF_INET6, ip.c_str(), &address.v6.sin6_addr) == 1) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(static_cast<uint16_t>(port));
    return sizeof(address.v6);
  }
  return 0;
}

std::string SslProblem(SSL* ssl) {
  const long verified = SSL_get_verify_result(ssl);
  if (verified != X509_V_OK && SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE)
    return std::string("certificate verify error: ") + X509_verify_cert_error_string(verified);
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  return reason != nullptr ? reason : "closed";
}

}  // namespace

SslContext MakeClientContext(const std::string& ca_file) {
  SslContext context(SSL_CTX_new(TLS_client_method()));
  if (!context) return context;
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else {
    SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr);
  }
  ERR_clear_error();
  return context;
}

TcpConnection::~TcpConnection() {
  if (socket_ == -1) return;
  loop_.Watch(socket_, false, false, nullptr);
  // Whoever waits for TLS to end in order gets that much, if it can be sent at once.
  if (ssl_ != nullptr && operation_ == Operation::kNone) SSL_shutdown(ssl_);
  SSL_free(ssl_);
  ERR_clear_error();
  close(socket_);
}

void TcpConnection::Connect(Target target, int timeout_ms, Done done) {
  target_ = std::move(target);
  const std::string problem = Open();
  Begin(Operation::kConnect, timeout_ms, std::move(done));
  if (problem.empty()) return WaitFor(false, true);
  timer_ = loop_.After(0, [this, problem] { Finish(problem); });
}

std::string TcpConnection::Open() {
  Address address;
  const socklen_t length = MakeAddress(target_.ip, target_.port, address);
  if (length == 0) return "no address: " + target_.ip;
  socket_ = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ == -1) return std::strerror(errno);
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  const bool begun = connect(socket_, &address.any, length) == 0 || errno == EINPROGRESS;
  return begun ? "" : std::strerror(errno);
}

void TcpConnection::Send(std::string bytes, int timeout_ms, Done done) {
  unsent_ = std::move(bytes);
  Begin(Operation::kSend, timeout_ms, std::move(done));
  WaitFor(false, true);
}

void TcpConnection::Receive(Take take, int timeout_ms, Done done) {
  take_ = std::move(take);
  Begin(Operation::kReceive, timeout_ms, std::move(done));
  // What TLS has read already makes no socket readable.
  WaitFor(true, ssl_ != nullptr && SSL_has_pending(ssl_) == 1);
}

bool TcpConnection::IsIdle() const {
  if (socket_ == -1 || operation_ != Operation::kNone) return false;
  char byte = 0;
  ERR_clear_error();
  // Reads the session tickets of TLS on its way.
  if (ssl_ != nullptr) {
    const int peeked = SSL_peek(ssl_, &byte, 1);
    return peeked < 0 && SSL_get_error(ssl_, peeked) == SSL_ERROR_WANT_READ;
  }
  const ssize_t got = recv(socket_, &byte, 1, MSG_PEEK);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void TcpConnection::Begin(Operation operation, int timeout_ms, Done done) {
  operation_ = operation;
  done_ = std::move(done);
  timer_ = loop_.After(timeout_ms / kMilliseconds, [this] { Finish("timeout"); });
}

void TcpConnection::WaitFor(bool readable, bool writable) {
  loop_.Watch(socket_, readable, writable, [this](bool, bool) { Step(); });
}

void TcpConnection::Step() {
  ERR_clear_error();
  switch (operation_) {
    case Operation::kConnect:
      return FinishConnect();
    case Operation::kHandshake:
      return Handshake();
    case Operation::kSend:
      return SendSome();
    case Operation::kReceive:
      return ReceiveSome();
    case Operation::kNone:
      break;
  }
}

void TcpConnection::FinishConnect() {
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return Finish(std::strerror(error));
  if (!target_.tls) return Finish("");
  ssl_ = context_ != nullptr ? SSL_new(context_) : nullptr;
  if (ssl_ == nullptr) return Finish("no TLS");
  SSL_set_fd(ssl_, socket_);
  Address address;
  const bool named = MakeAddress(target_.server_name, 0, address) == 0;
  if (named) SSL_set_tlsext_host_name(ssl_, target_.server_name.c_str());
  if (target_.verify) {
    SSL_set_verify(ssl_, SSL_VERIFY_PEER, nullptr);
    if (named) {
      SSL_set1_host(ssl_, target_.server_name.c_str());
    } else {
      X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), target_.server_name.c_str());
    }
  }
  operation_ = Operation::kHandshake;
  Handshake();
}

void TcpConnection::Handshake() {
  if (Settle(SSL_connect(ssl_)) && operation_ == Operation::kHandshake) Finish("");
}

// Plain sockets: -1 with EAGAIN; TLS: what it says it waits for. Ends the operation on an error.
bool TcpConnection::Settle(long result) {
  if (result > 0) return true;
  if (ssl_ != nullptr) {
    const int wanted = SSL_get_error(ssl_, static_cast<int>(result));
    if (wanted == SSL_ERROR_WANT_READ) {
      WaitFor(true, false);
    } else if (wanted == SSL_ERROR_WANT_WRITE) {
      WaitFor(false, true);
    } else {
      Finish(wanted == SSL_ERROR_SYSCALL && errno != 0 ? std::strerror(errno) : SslProblem(ssl_));
    }
    return false;
  }
  if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    WaitFor(operation_ == Operation::kReceive, operation_ == Operation::kSend);
  } else {
    Finish(result == 0 ? "closed" : std::strerror(errno));
  }
  return false;
}

void TcpConnection::SendSome() {
  while (!unsent_.empty()) {
    const long sent = ssl_ != nullptr
                          ? SSL_write(ssl_, unsent_.data(), static_cast<int>(unsent_.size()))
                          : send(socket_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (!Settle(sent)) return;
    unsent_.erase(0, static_cast<size_t>(sent));
  }
  Finish("");
}

void TcpConnection::ReceiveSome() {
  std::array<char, 16384> bytes;
  for (;;) {
    const long got = ssl_ != nullptr ? SSL_read(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                                     : recv(socket_, bytes.data(), bytes.size(), 0);
    if (!Settle(got)) return;
    if (!take_({bytes.data(), static_cast<size_t>(got)})) return Finish("");
  }
}

void TcpConnection::Finish(const std::string& error) {
  // Kept here: the callback may destroy the connection.
  const std::string told = error;
  operation_ = Operation::kNone;
  timer_.reset();
  take_ = nullptr;
  if (socket_ != -1) loop_.Watch(socket_, false, false, nullptr);
  const Done done = std::exchange(done_, nullptr);
  if (done) done(told);
}

}  // namespace silverback::nginx
