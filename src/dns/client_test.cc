#include "dns/client.h"

#include <gtest/gtest.h>

#include <list>
#include <map>

namespace silverback::dns {
namespace {

// Time that passes when the test says so.
class FakeLoop final : public Loop {
 public:
  double Now() override { return now_; }
  std::shared_ptr<void> After(double seconds, std::function<void()> work) override {
    auto timer = std::make_shared<Timer>(Timer{now_ + seconds, std::move(work)});
    timers_.push_back(timer);
    return timer;
  }
  void Watch(int, bool, bool, std::function<void(bool, bool)>) override {}
  void Pass(double seconds) {
    const double until = now_ + seconds;
    for (auto it = timers_.begin(); it != timers_.end();) {
      const auto timer = it->lock();
      if (timer && timer->at > until) {
        ++it;
        continue;
      }
      it = timers_.erase(it);
      if (!timer) continue;
      now_ = std::max(now_, timer->at);
      timer->work();
    }
    now_ = until;
  }

 private:
  struct Timer {
    double at;
    std::function<void()> work;
  };
  double now_ = 1000;
  std::list<std::weak_ptr<Timer>> timers_;
};

// Answers by a table, when the test lets it.
class FakeTransport final : public Transport {
 public:
  void Query(const std::string& name, Type type, std::function<void(Reply)> done) override {
    const std::string key = std::string(TypeName(type)) + ":" + name;
    asked.push_back(key);
    if (held) {
      waiting.emplace_back(key, std::move(done));
    } else {
      done(For(key));
    }
  }
  void Release() {
    for (auto& [key, done] : std::exchange(waiting, {})) done(For(key));
  }
  Reply For(const std::string& key) {
    if (down) {
      Reply none;
      none.failure = "nobody answers";
      return none;
    }
    const auto found = replies.find(key);
    Reply missing;
    missing.code = kNameError;
    return found == replies.end() ? missing : found->second;
  }

  std::map<std::string, Reply> replies;
  std::vector<std::string> asked;
  bool held = false, down = false;
  std::vector<std::pair<std::string, std::function<void(Reply)>>> waiting;
};

Record Make(const std::string& name, Type type, const std::string& value, uint32_t ttl = 60,
            int port = 0, int weight = 0, int priority = 0) {
  return {name, type, ttl, value, port, weight, priority};
}
Reply With(std::vector<Record> records) { return {"", 0, std::move(records)}; }
Reply Code(int code) { return {"", code, {}}; }

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    settings_.nameservers = {"10.0.0.1"};
    settings_.hosts = ParseHosts("10.1.1.1 hosts.test\n::5 six.test\n");
  }
  Client& client() {
    if (!client_) client_ = std::make_unique<Client>(settings_, loop_, transport_, 1);
    return *client_;
  }
  void Serve(const std::string& name, const std::string& ip, uint32_t ttl = 60) {
    transport_.replies["A:" + name] = With({Make(name, Type::kA, ip, ttl)});
  }
  // The address, or the error, or "" while there is neither.
  std::string Ask(const std::string& name) {
    auto text = std::make_shared<std::string>();
    client().ToEndpoint(name, 80, [text](const Result<Endpoint>& result) {
      *text = result ? result->ip + ":" + std::to_string(result->port) : result.error().message();
    });
    return *text;
  }
  size_t Queries() { return std::exchange(transport_.asked, {}).size(); }

  FakeLoop loop_;
  FakeTransport transport_;
  Settings settings_;
  std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, TriesTheTypesInOrderAndTheLastOneFirst) {
  Serve("a.test", "10.0.0.5");
  EXPECT_EQ(Ask("A.test"), "10.0.0.5:80");
  EXPECT_EQ(transport_.asked, (std::vector<std::string>{"SRV:a.test", "A:a.test"}));
  transport_.asked.clear();
  EXPECT_EQ(Ask("a.test"), "10.0.0.5:80");
  EXPECT_EQ(Queries(), 0u);
  loop_.Pass(100);
  EXPECT_EQ(Ask("a.test"), "10.0.0.5:80");
  EXPECT_EQ(transport_.asked, std::vector<std::string>{"A:a.test"});
}

TEST_F(ClientTest, AddressesComeInTurn) {
  transport_.replies["A:a.test"] =
      With({Make("a.test", Type::kA, "1.1.1.1"), Make("a.test", Type::kA, "1.1.1.2")});
  EXPECT_EQ(Ask("a.test") + Ask("a.test") + Ask("a.test"), "1.1.1.1:801.1.1.2:801.1.1.1:80");
  // A server that turns its answer round does not start the turn again.
  std::swap(transport_.replies["A:a.test"].records[0], transport_.replies["A:a.test"].records[1]);
  loop_.Pass(64.5);
  EXPECT_EQ(Ask("a.test"), "1.1.1.2:80");
}

TEST_F(ClientTest, ServicesGivePortsByPriorityAndWeight) {
  transport_.replies["SRV:s.test"] = With({Make("s.test", Type::kSrv, "one.test", 60, 8001, 3, 1),
                                           Make("s.test", Type::kSrv, "10.0.0.2", 60, 8002, 1, 1),
                                           Make("s.test", Type::kSrv, "10.0.0.3", 60, 8003, 9, 2)});
  Serve("one.test", "10.0.0.1");
  std::map<std::string, int> seen;
  for (int i = 0; i < 8; ++i) ++seen[Ask("s.test")];
  EXPECT_EQ(seen, (std::map<std::string, int>{{"10.0.0.1:8001", 6}, {"10.0.0.2:8002", 2}}));
  EXPECT_EQ(client().KnownEndpoint("s.test", 80)->port / 10, 800);
}

TEST_F(ClientTest, ServicesThatPointAtThemselvesAreNone) {
  transport_.replies["SRV:k.test"] = With({Make("k.test", Type::kSrv, "k.test", 60, 1, 1, 1)});
  Serve("k.test", "10.0.0.9");
  EXPECT_EQ(Ask("k.test"), "10.0.0.9:80");
}

TEST_F(ClientTest, FollowsAliases) {
  transport_.replies["A:www.test"] =
      With({Make("www.test", Type::kCname, "web.test", 5), Make("web.test", Type::kA, "10.0.0.7")});
  EXPECT_EQ(Ask("www.test"), "10.0.0.7:80");
  // Where the answer holds the alias only, its target is asked for.
  transport_.replies["A:far.test"] = transport_.replies["CNAME:far.test"] =
      With({Make("far.test", Type::kCname, "a.test")});
  Serve("a.test", "10.0.0.8");
  EXPECT_EQ(Ask("far.test"), "10.0.0.8:80");
  transport_.replies["CNAME:loop.test"] = With({Make("loop.test", Type::kCname, "pool.test")});
  transport_.replies["CNAME:pool.test"] = With({Make("pool.test", Type::kCname, "loop.test")});
  EXPECT_EQ(Ask("loop.test"), "recursion detected");
}

TEST_F(ClientTest, SearchesDomains) {
  settings_.search = {"x.test", "y.test"};
  settings_.ndots = 1;
  Serve("short.y.test", "10.0.0.4");
  Serve("long.name.x.test", "10.0.0.5");
  EXPECT_EQ(Ask("short"), "10.0.0.4:80");
  EXPECT_EQ(transport_.asked,
            (std::vector<std::string>{"SRV:short.x.test", "SRV:short.y.test", "SRV:short",
                                      "A:short.x.test", "A:short.y.test"}));
  transport_.asked.clear();
  EXPECT_EQ(Ask("long.name"), "10.0.0.5:80");
  EXPECT_EQ(transport_.asked[0], "SRV:long.name");
  Serve("short.", "10.0.0.6");
  transport_.replies["A:short."].records[0].name = "short";
  EXPECT_EQ(Ask("short."), "10.0.0.6:80");
}

TEST_F(ClientTest, HostsComeFirst) {
  EXPECT_EQ(Ask("Hosts.test"), "10.1.1.1:80");
  EXPECT_EQ(Ask("localhost"), "127.0.0.1:80");
  EXPECT_EQ(Ask("[::1]"), "::1:80");
  EXPECT_EQ(Ask("10.1.1.2"), "10.1.1.2:80");
  EXPECT_EQ(Queries(), 0u);
  client_.reset();
  settings_.SetOrder({"SRV", "AAAA"});
  EXPECT_EQ(Ask("six.test"), "::5:80");
  EXPECT_EQ(Queries(), 0u);
}

TEST_F(ClientTest, RefreshesBeforeAnyoneHasToWait) {
  Serve("a.test", "10.0.0.1", 100);
  Ask("a.test");
  Serve("a.test", "10.0.0.2", 100);
  Queries();
  loop_.Pass(94);
  EXPECT_EQ(Ask("a.test"), "10.0.0.1:80");
  EXPECT_EQ(Queries(), 0u);
  transport_.held = true;
  loop_.Pass(2);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Ask("a.test"), "10.0.0.1:80");
  EXPECT_EQ(Queries(), 1u);
  transport_.Release();
  EXPECT_EQ(Ask("a.test"), "10.0.0.2:80");
}

TEST_F(ClientTest, StaleAnswersServeForAWhileThenCallersWait) {
  Serve("a.test", "10.0.0.1", 10);
  Ask("a.test");
  transport_.held = true;
  loop_.Pass(13);
  EXPECT_EQ(Ask("a.test"), "10.0.0.1:80");
  loop_.Pass(2);
  EXPECT_EQ(Ask("a.test"), "");
  EXPECT_FALSE(client().KnownEndpoint("a.test", 80));
  transport_.Release();
  EXPECT_EQ(Ask("a.test"), "10.0.0.1:80");
}

TEST_F(ClientTest, AFailingServerNeverTakesAnAnswerBack) {
  Serve("a.test", "10.0.0.1", 10);
  Ask("a.test");
  transport_.down = true;
  Queries();
  loop_.Pass(1000);
  EXPECT_EQ(Ask("a.test"), "10.0.0.1:80");
  EXPECT_EQ(Queries(), 1u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Ask("a.test"), "10.0.0.1:80");
  EXPECT_EQ(Queries(), 0u);  // not until dns_error_ttl has passed
  loop_.Pass(1.1);
  EXPECT_EQ(Ask("a.test"), "10.0.0.1:80");
  EXPECT_EQ(Queries(), 1u);
  transport_.down = false;
  transport_.replies["A:a.test"] = Code(2);
  loop_.Pass(1000);
  EXPECT_EQ(Ask("a.test"), "10.0.0.1:80");
  Serve("a.test", "10.0.0.3");
  loop_.Pass(31);
  Ask("a.test");
  EXPECT_EQ(Ask("a.test"), "10.0.0.3:80");
  transport_.replies["A:a.test"] = Code(kNameError);
  loop_.Pass(1000);
  EXPECT_EQ(Ask("a.test"), "dns server error: 3 name error");
}

TEST_F(ClientTest, ASlowServerIsNotWaitedForLongWhenTheLastAnswerIsKnown) {
  Serve("a.test", "10.0.0.1", 10);
  Ask("a.test");
  transport_.held = true;
  loop_.Pass(1000);
  std::string got;
  client().ToEndpoint("a.test", 80, [&](const Result<Endpoint>& result) { got = result->ip; });
  EXPECT_EQ(got, "");
  loop_.Pass(1.01);
  EXPECT_EQ(got, "10.0.0.1");
  got.clear();
  transport_.Release();
  EXPECT_EQ(got, "");
}

TEST_F(ClientTest, ErrorsAreRemembered) {
  EXPECT_EQ(Ask("no.test"), "dns server error: 3 name error");
  EXPECT_EQ(Queries(), 3u);
  EXPECT_EQ(Ask("no.test"), "dns server error: 3 name error");
  loop_.Pass(29);
  Ask("no.test");
  EXPECT_EQ(Queries(), 0u);
  loop_.Pass(2);
  Serve("no.test", "10.0.0.1");
  EXPECT_EQ(Ask("no.test"), "10.0.0.1:80");

  for (const char* type : {"SRV:bad.test", "A:bad.test", "CNAME:bad.test"})
    transport_.replies[type] = Code(2);
  EXPECT_EQ(Ask("bad.test"), "dns server error: 2 server failure");
  Queries();
  Ask("bad.test");
  EXPECT_EQ(Queries(), 0u);
  loop_.Pass(1.1);
  Ask("bad.test");
  EXPECT_EQ(Queries(), 3u);

  for (const char* type : {"SRV:empty.test", "A:empty.test", "CNAME:empty.test"})
    transport_.replies[type] = Code(0);
  EXPECT_EQ(Ask("empty.test"), "dns client error: 101 empty record received");
  transport_.down = true;
  EXPECT_EQ(Ask("down.test"), "nobody answers");
}

TEST_F(ClientTest, AnAnswerAboutOtherNamesTakesNothingBack) {
  Serve("a.test", "10.0.0.1");
  EXPECT_EQ(Ask("a.test"), "10.0.0.1:80");
  transport_.replies["A:a.test"] = With({Make("b.test", Type::kA, "10.0.0.2")});
  loop_.Pass(61);
  EXPECT_EQ(Ask("a.test"), "10.0.0.1:80");
  EXPECT_EQ(Ask("a.test"), "10.0.0.1:80");
}

TEST_F(ClientTest, OneLookUpForAllWhoAskAtOnce) {
  Serve("a.test", "10.0.0.1");
  transport_.held = true;
  int answered = 0;
  for (int i = 0; i < 100; ++i)
    client().ToEndpoint("a.test", 80, [&](const auto& result) { answered += result.ok(); });
  EXPECT_EQ(Queries(), 1u);
  transport_.Release();
  transport_.Release();
  EXPECT_EQ(answered, 100);
  EXPECT_EQ(Queries(), 1u);
}

TEST_F(ClientTest, WithoutSynchronisationEveryoneAsks) {
  settings_.no_sync = true;
  Serve("a.test", "10.0.0.1");
  transport_.held = true;
  for (int i = 0; i < 3; ++i) Ask("a.test");
  EXPECT_EQ(Queries(), 3u);
}

TEST_F(ClientTest, LifetimesCanBeForced) {
  settings_.valid_ttl = 5;
  settings_.stale_ttl = 0;
  Serve("a.test", "10.0.0.1", 1000);
  Ask("a.test");
  Queries();
  loop_.Pass(6);
  Ask("a.test");
  EXPECT_EQ(Queries(), 1u);
}

TEST_F(ClientTest, TheCacheHasItsSize) {
  settings_.cache_size = 2;
  for (const char* name : {"a.test", "b.test", "c.test"}) Serve(name, "10.0.0.1");
  Ask("a.test"), Ask("b.test"), Ask("c.test");
  EXPECT_EQ(client().Dump().size(), 2u);
  Queries();
  Ask("c.test");
  EXPECT_EQ(Queries(), 0u);
  Ask("a.test");
  EXPECT_GT(Queries(), 0u);
}

TEST_F(ClientTest, NobodyHearsOfItAfterTheEnd) {
  transport_.held = true;
  bool heard = false;
  client().ToEndpoint("a.test", 80, [&](const auto&) { heard = true; });
  client_.reset();
  transport_.Release();
  EXPECT_FALSE(heard);
}

TEST_F(ClientTest, ShowsWhatItKnows) {
  Serve("a.test", "10.0.0.1", 10);
  Ask("a.test");
  Ask("no.test");
  const Json dump = client().Dump();
  EXPECT_EQ(dump[1], Json::parse(R"({"name": "a.test", "type": "A", "expires_in": 10.0,
      "state": "fresh", "records": [{"address": "10.0.0.1", "ttl": 10}]})"));
  EXPECT_EQ(dump[0]["error"], "dns server error: 3 name error");
}

}  // namespace
}  // namespace silverback::dns
