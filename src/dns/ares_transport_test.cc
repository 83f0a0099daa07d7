// c-ares against a name server of our own, on real sockets.
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>

#include "dns/transport.h"
#include "support/poll_loop.h"

namespace silverback::dns {
namespace {

using test::PollLoop;

// Listens on UDP and answers what `reply` makes of a question; "" for nothing.
class FakeServer {
 public:
  explicit FakeServer(Loop& loop) : loop_(loop), socket_(socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    socklen_t length = sizeof(address);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
    name = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    loop_.Watch(socket_, true, false, [this](bool, bool) { Answer(); });
  }
  ~FakeServer() {
    loop_.Watch(socket_, false, false, nullptr);
    close(socket_);
  }

  std::string name;
  int questions = 0;
  int code = 0;
  std::string answers;  // of the answer section, encoded
  int count = 0;
  bool silent = false;

 private:
  void Answer() {
    char question[512];
    sockaddr_in from{};
    socklen_t length = sizeof(from);
    const ssize_t got = recvfrom(socket_, question, sizeof(question), 0,
                                 reinterpret_cast<sockaddr*>(&from), &length);
    ++questions;
    if (silent || got < 12) return;
    std::string message(question, static_cast<size_t>(got));
    message[2] = static_cast<char>(0x81);
    message[3] = static_cast<char>(0x80 | code);
    message[7] = static_cast<char>(count);
    message += answers;
    sendto(socket_, message.data(), message.size(), 0, reinterpret_cast<sockaddr*>(&from), length);
  }
  Loop& loop_;
  int socket_;
};

std::string Bytes(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text.push_back(static_cast<char>(byte));
  return text;
}

class AresTransportTest : public ::testing::Test {
 protected:
  AresTransportTest() : server_(loop_) {
    settings_.nameservers = {server_.name};
    settings_.timeout = 0.1;
    settings_.attempts = 2;
  }
  Reply Ask(Type type) {
    if (!transport_) {
      auto made = MakeAresTransport(settings_, loop_);
      EXPECT_TRUE(made.ok());
      transport_ = *std::move(made);
    }
    std::optional<Reply> got;
    transport_->Query("x.test", type, [&](Reply reply) { got = std::move(reply); });
    loop_.Run([&] { return got.has_value(); });
    EXPECT_TRUE(got);
    return got.value_or(Reply());
  }

  PollLoop loop_;
  FakeServer server_;
  Settings settings_;
  std::unique_ptr<Transport> transport_;
};

TEST_F(AresTransportTest, ReadsAddressesAliasesAndServices) {
  // x.test CNAME y.x.test; y.x.test A 10.0.0.1
  server_.count = 2;
  server_.answers = Bytes({0xc0, 12,  0,    5,  0, 1, 0, 0, 0, 7, 0, 4, 1, 'Y', 0xc0, 12,  //
                           1,    'y', 0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4,   10,   0,  0, 1});
  Reply reply = Ask(Type::kA);
  ASSERT_EQ(reply.records.size(), 2u);
  EXPECT_EQ(reply.records[0].value, "y.x.test");
  EXPECT_EQ(reply.records[0].ttl, 7u);
  EXPECT_EQ(reply.records[1].name, "y.x.test");
  EXPECT_EQ(reply.records[1].value, "10.0.0.1");
  EXPECT_EQ(reply.records[1].ttl, 256u);

  server_.count = 1;
  server_.answers =
      Bytes({0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 9, 0, 10, 0, 1, 0, 2, 0x1f, 0x90, 1, 't', 0xc0, 12});
  reply = Ask(Type::kSrv);
  ASSERT_EQ(reply.records.size(), 1u);
  EXPECT_EQ(reply.records[0].value, "t.x.test");
  EXPECT_EQ(reply.records[0].priority, 1);
  EXPECT_EQ(reply.records[0].weight, 2);
  EXPECT_EQ(reply.records[0].port, 8080);
}

TEST_F(AresTransportTest, TellsErrorsApart) {
  server_.code = 3;
  EXPECT_EQ(Ask(Type::kA).code, kNameError);
  server_.code = 2;
  EXPECT_EQ(Ask(Type::kA).code, 2);
  server_.code = 5;
  EXPECT_EQ(Ask(Type::kA).code, 5);
  server_.code = 0;
  const Reply empty = Ask(Type::kA);
  EXPECT_EQ(empty.code, 0);
  EXPECT_EQ(empty.failure, "");
  EXPECT_TRUE(empty.records.empty());
}

TEST_F(AresTransportTest, ASilentServerIsAskedSeveralTimes) {
  server_.silent = true;
  const double began = loop_.Now();
  EXPECT_EQ(Ask(Type::kA).failure,
            "failed to receive reply from UDP server " + server_.name + ": timeout");
  EXPECT_EQ(server_.questions, 2);
  EXPECT_GT(loop_.Now() - began, 0.19);
}

TEST_F(AresTransportTest, AnotherServerHelpsOut) {
  settings_.nameservers = {"127.0.0.1:1", server_.name};
  server_.count = 1;
  server_.answers = Bytes({0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 7, 0, 4, 10, 0, 0, 2});
  EXPECT_EQ(Ask(Type::kA).records.size(), 1u);
}

TEST_F(AresTransportTest, AServerThatFailsIsPassedOver) {
  FakeServer failing(loop_);
  failing.code = 2;
  settings_.nameservers = {failing.name, server_.name};
  server_.code = 3;
  EXPECT_EQ(Ask(Type::kA).code, kNameError);
  server_.code = 5;
  EXPECT_EQ(Ask(Type::kA).code, 5);
  EXPECT_EQ(failing.questions, 2);
  EXPECT_EQ(server_.questions, 2);
}

TEST_F(AresTransportTest, ASilentServerIsAvoidedForAWhile) {
  FakeServer silent(loop_);
  silent.silent = true;
  settings_.nameservers = {silent.name, server_.name};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Ask(Type::kA).failure, "");
  EXPECT_EQ(silent.questions, 1);
}

TEST_F(AresTransportTest, WithoutServersThereIsAClearError) {
  settings_.nameservers.clear();
  EXPECT_EQ(Ask(Type::kA).failure, "failed to create a resolver: no nameservers specified");
}

TEST_F(AresTransportTest, WhatWaitsIsToldAtTheEnd) {
  server_.silent = true;
  transport_ = *MakeAresTransport(settings_, loop_);
  std::string failure;
  transport_->Query("x.test", Type::kA, [&](Reply reply) { failure = reply.failure; });
  transport_.reset();
  EXPECT_EQ(failure, "the worker is shutting down");
}

}  // namespace
}  // namespace silverback::dns
