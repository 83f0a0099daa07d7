// The plugin: handshakes, challenges, probes.
#include "plugins/acme/acme_fixture.h"
#include "plugins/acme/probe.h"
#include "support/fake_exchange.h"

namespace silverback::plugins::acme {
namespace {

using test::FakeExchange;

class FakeHandshake final : public plugin::Handshake {
 public:
  std::string_view ServerName() const override { return name; }
  bool HasCertificate() const override { return has_certificate; }
  Status Present(std::string_view chain_pem, std::string_view) override {
    presented = chain_pem;
    return Ok();
  }
  void RequestClientCertificate() override {}
  void DisableSessionReuse() override {}
  std::string name = "a.test", presented;
  bool has_certificate = false;
};

class AcmePluginTest : public AcmeTest {
 protected:
  void SetUp() override { Make(); }
  // What a client is shown that asks for the name; "" for the default certificate.
  std::string Shake(const std::string& name, bool has_certificate = false) {
    FakeHandshake handshake;
    handshake.name = name;
    handshake.has_certificate = has_certificate;
    plugin_->OnCertificate(handshake);
    return handshake.presented;
  }
  std::unique_ptr<plugin::Plugin> plugin_ = env_.Make("acme", config_);
};

TEST_F(AcmePluginTest, AHandshakeBringsACertificateForTheNext) {
  EXPECT_EQ(Shake("b.test"), "");
  EXPECT_EQ(Shake(""), "");
  EXPECT_EQ(Shake("a.test", true), "");
  EXPECT_TRUE(env_.http.sent.empty());
  EXPECT_EQ(Shake("A.test"), "");
  EXPECT_EQ(Shake("a.test"), "");
  EXPECT_EQ(env_.http.sent.size(), 1u);
  authority_.Serve();
  EXPECT_EQ(Shake("a.test"), authority_.chain);
  // Another worker finds it, and all see the next one.
  const auto other = env_.Make("acme", config_);
  plugin_.swap(const_cast<std::unique_ptr<plugin::Plugin>&>(other));
  EXPECT_EQ(Shake("a.test"), authority_.chain);
  Put("kong_acme:cert_key:a.test", {{"cert", "another"}, {"key", "k"}});
  EXPECT_EQ(Shake("a.test"), "another");
}

TEST_F(AcmePluginTest, AFailureIsTriedAgainLater) {
  authority_.fails = true;
  Shake("a.test");
  authority_.Serve();
  const size_t sent = env_.http.sent.size();
  Shake("a.test");
  EXPECT_EQ(env_.http.sent.size(), sent);
  EXPECT_THAT(env_.log.lines.back(), HasSubstr("please try again in"));
  env_.time += 600;
  Shake("a.test");
  EXPECT_EQ(env_.http.sent.size(), sent + 1);
}

TEST_F(AcmePluginTest, DataPlanesWriteNoRows) {
  config_["storage"] = "kong";
  env_.env.propagation_seconds = 10;
  plugin_ = env_.Make("acme", config_);
  plugin_->OnStart();
  EXPECT_EQ(env_.timers.RunAll(), 0);
  EXPECT_EQ(Shake("a.test"), "");
  EXPECT_THAT(env_.log.lines.back(), HasSubstr("in Hybrid mode is not supported"));
  const std::string pair = DumpJson(Json{{"cert", "of the control plane"}, {"key", "k"}});
  env_.entities.Add("acme_storage", {{"key", "kong_acme:cert_key:a.test"}, {"value", pair}});
  env_.time += 60;
  EXPECT_EQ(Shake("a.test"), "of the control plane");
}

TEST_F(AcmePluginTest, StoragesFarAwayAreAskedMeanwhile) {
  config_["storage"] = "redis";
  plugin_ = env_.Make("acme", config_);
  EXPECT_EQ(Shake("a.test"), "");
  EXPECT_EQ(Shake("a.test"), "");
  ASSERT_EQ(env_.redis.sent.size(), 1u);
  EXPECT_EQ(env_.redis.sent[0][0], (std::vector<std::string>{"GET", "kong_acme:cert_key:a.test"}));
  env_.redis.Reply(std::vector<Json>{DumpJson(Json{{"cert", "far"}, {"key", "k"}})});
  EXPECT_EQ(Shake("a.test"), "far");
  EXPECT_EQ(env_.redis.sent.size(), 1u);
  // What is shown is looked at again now and then, and shown meanwhile.
  env_.time += 60;
  EXPECT_EQ(Shake("a.test"), "far");
  env_.redis.Reply(Error(ErrorCode::kUnavailable, "gone"));
  EXPECT_EQ(Shake("a.test"), "far");
}

TEST_F(AcmePluginTest, ChallengesAreAnswered) {
  Put("t1#http-01", "t1.print");
  FakeExchange exchange;
  exchange.path = "/.well-known/acme-challenge/t1";
  EXPECT_EQ(plugin_->OnAccess(exchange), plugin::Next::kRespond);
  EXPECT_EQ(exchange.answer->status, 200);
  EXPECT_EQ(exchange.answer->body, "t1.print\n");
  exchange.path = "/.well-known/acme-challenge/t2";
  EXPECT_EQ(plugin_->OnAccess(exchange), plugin::Next::kRespond);
  EXPECT_EQ(exchange.answer->status, 404);
  FakeExchange others[4];
  others[0].path = "/.well-known/acme-challenge/";
  others[1].path = "/x";
  others[2].path = others[3].path = "/.well-known/acme-challenge/t1";
  others[2].scheme = "https";
  others[3].host = "b.test";
  for (FakeExchange& other : others) EXPECT_EQ(plugin_->OnAccess(other), plugin::Next::kContinue);
}

TEST_F(AcmePluginTest, ChallengesFarAwayAreWaitedFor) {
  config_["storage"] = "redis";
  plugin_ = env_.Make("acme", config_);
  FakeExchange exchange;
  exchange.path = "/.well-known/acme-challenge/t1";
  EXPECT_EQ(plugin_->OnAccess(exchange), plugin::Next::kSuspend);
  env_.redis.Reply(std::vector<Json>{"t1.print"});
  EXPECT_EQ(exchange.answer->body, "t1.print\n");
  EXPECT_TRUE(exchange.resumed_with_answer);
  EXPECT_EQ(plugin_->OnAccess(exchange), plugin::Next::kSuspend);
  env_.redis.Reply(Error(ErrorCode::kUnavailable, "gone"));
  EXPECT_EQ(exchange.answer->status, 500);
}

TEST_F(AcmePluginTest, AnUnknownDictionaryIsAMistake) {
  config_["storage_config"]["shm"]["shm_name"] = "none";
  EXPECT_EQ(env_.Make("acme", config_), nullptr);
}

TEST_F(AcmeTest, ProbesSayWhatIsThereInstead) {
  const auto probe = [&](const std::string& host, HttpReply reply) {
    std::string outcome = "passed";
    ProbeChallenges(config_, host, env_.env, [&](const Status& status) {
      if (!status) outcome = status.error().message();
    });
    if (!env_.http.waiting.empty()) env_.http.Reply(std::move(reply));
    return outcome;
  };
  const auto page = [](int status, const std::string& body) {
    HttpReply reply;
    reply.status = status;
    reply.body = body;
    return reply;
  };
  EXPECT_EQ(probe("a.test", page(404, "Not found\n")), "passed");
  EXPECT_EQ(env_.http.sent.back().url, "http://a.test/.well-known/acme-challenge/x");
  EXPECT_EQ(probe("b.test", {}), "host is not included in plugin config.domains");
  EXPECT_THAT(probe("a.test", page(404, R"({"message":"no Route matched with those values"})")),
              HasSubstr("doesn't map to a Route in Kong"));
  EXPECT_EQ(probe("a.test", page(200, "hi")),
            "unexpected response: \"hi\", unexpected status code: 200");
  HttpReply refused;
  refused.error = "connection refused";
  EXPECT_EQ(probe("a.test", refused), "connection refused");
}

}  // namespace
}  // namespace silverback::plugins::acme
