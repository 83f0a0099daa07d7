// TcpConnection: a TCP connection, with TLS where it is asked for, that never blocks. One operation
// at a time; its callback runs later, never within the call, and may destroy the connection. On the
// loop's thread only.
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "dns/loop.h"

namespace silverback::nginx {

struct SslContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextFree>;

// For connections as a client. `ca_file`: whom to trust, "" for the system's.
SslContext MakeClientContext(const std::string& ca_file);

class TcpConnection {
 public:
  struct Target {
    std::string ip;
    int port = 0;
    bool tls = false, verify = false;
    std::string server_name;  // for TLS
  };
  using Done = std::function<void(const std::string& error)>;  // "": it went well
  // Gets what has come; false: that was all that is wanted.
  using Take = std::function<bool(std::string_view bytes)>;

  // Both outlive the connection.
  TcpConnection(dns::Loop& loop, SSL_CTX* context) : loop_(loop), context_(context) {}
  // Forgets what is under way; its callback is not called.
  ~TcpConnection();
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  void Connect(Target target, int timeout_ms, Done done);
  void Send(std::string bytes, int timeout_ms, Done done);
  void Receive(Take take, int timeout_ms, Done done);

  // Nothing is under way, and the other side has neither said anything nor gone.
  bool IsIdle() const;

 private:
  enum class Operation { kNone, kConnect, kHandshake, kSend, kReceive };

  std::string Open();
  void Begin(Operation operation, int timeout_ms, Done done);
  void Step();
  void FinishConnect();
  void Handshake();
  void SendSome();
  void ReceiveSome();
  // What became of an attempt to read or write: false when it is to be tried again later.
  bool Settle(long result);
  void WaitFor(bool readable, bool writable);
  void Finish(const std::string& error);

  dns::Loop& loop_;
  SSL_CTX* const context_;
  Target target_;
  int socket_ = -1;
  SSL* ssl_ = nullptr;
  Operation operation_ = Operation::kNone;
  std::string unsent_;
  Take take_;
  Done done_;
  std::shared_ptr<void> timer_;
};

}  // namespace silverback::nginx
