// TcpConnection against real sockets and, for TLS, against a server of OpenSSL's.
#include "nginx/tcp_connection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "support/poll_loop.h"

namespace silverback::nginx {
namespace {

class Listener {
 public:
  Listener() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    listen(socket_, 5);
    socklen_t size = sizeof(address);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(socket_); }
  int Accept() const { return accept(socket_, nullptr, nullptr); }
  int port() const { return port_; }

 private:
  int socket_, port_ = 0;
};

class TcpConnectionTest : public ::testing::Test {
 protected:
  // Runs one operation to its end; gives its error.
  std::string Do(const std::function<void(TcpConnection::Done)>& begin) {
    std::optional<std::string> result;
    begin([&](const std::string& error) { result = error; });
    EXPECT_FALSE(result) << "called back within the call";
    loop_.Run([&] { return result.has_value(); });
    return result.value_or("never ended");
  }
  std::string Connect(int port, bool tls = false, bool verify = false) {
    return Do([&](auto done) {
      connection_.Connect({"127.0.0.1", port, tls, verify, "one.test"}, 2000, std::move(done));
    });
  }
  std::string Send(const std::string& bytes, int timeout_ms = 2000) {
    return Do([&](auto done) { connection_.Send(bytes, timeout_ms, std::move(done)); });
  }
  std::string Receive(size_t size, int timeout_ms = 2000) {
    received_.clear();
    return Do([&](auto done) {
      connection_.Receive(
          [this, size](std::string_view bytes) {
            received_ += bytes;
            return received_.size() < size;
          },
          timeout_ms, std::move(done));
    });
  }

  test::PollLoop loop_;
  SslContext context_ = MakeClientContext("");
  TcpConnection connection_{loop_, context_.get()};
  std::string received_;
};

TEST_F(TcpConnectionTest, SendsAndReceives) {
  Listener listener;
  EXPECT_EQ(Connect(listener.port()), "");
  const int peer = listener.Accept();
  EXPECT_TRUE(connection_.IsIdle());
  EXPECT_EQ(Send("hello"), "");
  char bytes[5];
  EXPECT_EQ(recv(peer, bytes, 5, MSG_WAITALL), 5);
  EXPECT_EQ(send(peer, "answer", 6, 0), 6);
  EXPECT_EQ(Receive(6), "");
  EXPECT_EQ(received_, "answer");
  EXPECT_TRUE(connection_.IsIdle());
  close(peer);
  loop_.Run([&] { return !connection_.IsIdle(); });
  EXPECT_FALSE(connection_.IsIdle());
  EXPECT_EQ(Receive(1), "closed");
}

TEST_F(TcpConnectionTest, MuchIsSentAsItIsTaken) {
  Listener listener;
  EXPECT_EQ(Connect(listener.port()), "");
  const int peer = listener.Accept();
  constexpr size_t kMuch = 20'000'000;
  std::thread reader([peer] {
    std::vector<char> bytes(kMuch);
    EXPECT_EQ(recv(peer, bytes.data(), kMuch, MSG_WAITALL), static_cast<ssize_t>(kMuch));
  });
  EXPECT_EQ(Send(std::string(kMuch, 'x'), 5000), "");
  reader.join();
  close(peer);
}

TEST_F(TcpConnectionTest, TellsWhatGoesWrong) {
  int closed_port = 0;
  {
    Listener listener;
    closed_port = listener.port();
  }
  EXPECT_EQ(Connect(closed_port), "Connection refused");
  TcpConnection other(loop_, context_.get());
  EXPECT_EQ(Do([&](auto done) {
              other.Connect({"nonsense", 1, false, false, ""}, 100, done);
            }),
            "no address: nonsense");
}

TEST_F(TcpConnectionTest, GivesUpAfterTheTimeout) {
  Listener listener;
  EXPECT_EQ(Connect(listener.port()), "");
  EXPECT_EQ(Receive(1, 20), "timeout");
  TcpConnection silent(loop_, context_.get());
  EXPECT_EQ(Do([&](auto done) {
              silent.Connect({"127.0.0.1", listener.port(), true, false, "x"}, 20, done);
            }),
            "timeout");
}

TEST_F(TcpConnectionTest, IsForgottenWithWhatIsUnderWay) {
  Listener listener;
  bool called = false;
  {
    TcpConnection gone(loop_, context_.get());
    gone.Connect({"127.0.0.1", listener.port(), false, false, ""}, 1000,
                 [&](const std::string&) { called = true; });
  }
  EXPECT_EQ(Connect(listener.port()), "");
  EXPECT_FALSE(called);
}

// A server with a certificate that nobody trusts: says "hi" and echoes five bytes.
class TlsServer {
 public:
  TlsServer() : context_(SSL_CTX_new(TLS_server_method())) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(context_.get(), certificate);
    SSL_CTX_use_PrivateKey(context_.get(), key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    thread_ = std::thread([this] { Serve(); });
  }
  ~TlsServer() { thread_.join(); }
  int port() const { return listener_.port(); }
  std::string name;  // that the client asked for

 private:
  void Serve() {
    const int peer = listener_.Accept();
    SSL* ssl = SSL_new(context_.get());
    SSL_set_fd(ssl, peer);
    if (SSL_accept(ssl) == 1) {
      name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
      char bytes[5];
      SSL_write(ssl, "hi", 2);
      if (SSL_read(ssl, bytes, 5) == 5) SSL_write(ssl, bytes, 5);
      SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    close(peer);
  }

  SslContext context_;
  Listener listener_;
  std::thread thread_;
};

TEST_F(TcpConnectionTest, SpeaksTls) {
  TlsServer server;
  EXPECT_EQ(Connect(server.port(), true), "");
  EXPECT_EQ(Receive(2), "");
  EXPECT_EQ(received_, "hi");
  EXPECT_TRUE(connection_.IsIdle());
  EXPECT_EQ(Send("12345"), "");
  EXPECT_EQ(Receive(5), "");
  EXPECT_EQ(received_, "12345");
  loop_.Run([&] { return !connection_.IsIdle(); });
  EXPECT_FALSE(connection_.IsIdle());
  EXPECT_EQ(server.name, "one.test");
}

TEST_F(TcpConnectionTest, RefusesWhomItDoesNotTrust) {
  TlsServer server;
  EXPECT_TRUE(Connect(server.port(), true, true).starts_with("certificate verify error: "));
}

}  // namespace
}  // namespace silverback::nginx
