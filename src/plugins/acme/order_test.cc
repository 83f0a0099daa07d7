// Orders from an authority, step by step, and renewals.
#include "plugins/acme/acme_fixture.h"
#include "plugins/acme/keys.h"

namespace silverback::plugins::acme {
namespace {

TEST_F(AcmeTest, ACertificateIsOrderedAndKept) {
  EXPECT_EQ(Obtain(Make()), "made");
  EXPECT_EQ(authority_.asked,
            (std::vector<std::string>{"GET /directory", "HEAD /nonce", "POST /account",
                                      "POST /order", "POST /authorization", "POST /challenge",
                                      "POST /order/1", "POST /finalize", "POST /chain"}));
  const Json account = Decoded(authority_.posted["/account"], "payload");
  EXPECT_EQ(account, (Json{{"contact", {"mailto:me@a.test"}}, {"termsOfServiceAgreed", true}}));
  EXPECT_EQ(Decoded(authority_.posted["/order"], "payload"),
            *ParseJson(R"({"identifiers":[{"type":"dns","value":"a.test"}]})"));
  EXPECT_EQ(Decoded(authority_.posted["/order"], "protected")["kid"], "https://ca.test/account/1");
  EXPECT_EQ(Decoded(authority_.posted["/challenge"], "payload"), Json::object());
  for (const auto& request : env_.http.sent) EXPECT_TRUE(request.verify_tls);

  const Json pair = *ParseJson(Kept("kong_acme:cert_key:a.test"));
  EXPECT_EQ(pair["cert"], authority_.chain);
  EXPECT_TRUE(schema::DecodePrivateKey(StringMember(pair, "key")));
  const Json plan = *ParseJson(Kept("kong_acme:renew_config:a.test"));
  EXPECT_EQ(plan, (Json{{"host", "a.test"}, {"expire_at", 1700000000 + 90 * kDay}}));
  // What was needed meanwhile is gone.
  EXPECT_EQ(Kept("t1#http-01"), "");
  EXPECT_EQ(Kept("kong_acme:update_lock:a.test"), "");
}

TEST_F(AcmeTest, ChallengesAreThereBeforeTheServerIsTold) {
  const auto certifier = Make();
  certifier->Obtain("a.test", [](const Result<bool>&) {});
  while (env_.http.sent.back().url != "https://ca.test/challenge")
    env_.http.Reply(authority_.Answer(env_.http.sent.back()));
  const auto key = *AccountKey::Read(AccountPem());
  EXPECT_EQ(Kept("t1#http-01"), "t1." + key->thumbprint());
  EXPECT_NE(Kept("kong_acme:update_lock:a.test"), "");
  // Another one keeps away meanwhile.
  std::string other;
  certifier->Obtain("a.test",
                    [&](const Result<bool>& made) { other = *made ? "made" : "elsewhere"; });
  EXPECT_EQ(other, "elsewhere");
}

TEST_F(AcmeTest, NodesHearOfChallengesFirst) {
  env_.env.propagation_seconds = 10;
  const auto certifier = Make();
  certifier->Obtain("a.test", [](const Result<bool>&) {});
  while (!env_.http.waiting.empty()) env_.http.Reply(authority_.Answer(env_.http.sent.back()));
  EXPECT_EQ(authority_.asked.back(), "POST /authorization");
  env_.time += 10;
  env_.timers.RunAll();
  EXPECT_EQ(env_.http.sent.back().url, "https://ca.test/challenge");
}

TEST_F(AcmeTest, RefusedNoncesAreReplaced) {
  authority_.refused = "/order";
  authority_.problem = "urn:ietf:params:acme:error:badNonce";
  authority_.refusals = 3;
  EXPECT_EQ(Obtain(Make()), "made");
  EXPECT_EQ(std::count(authority_.asked.begin(), authority_.asked.end(), "POST /order"), 4);
  EXPECT_EQ(std::count(authority_.asked.begin(), authority_.asked.end(), "HEAD /nonce"), 1);
}

TEST_F(AcmeTest, NoncesThatAreNeverGoodEnd) {
  authority_.refused = "/order";
  authority_.problem = "urn:ietf:params:acme:error:badNonce";
  EXPECT_THAT(Obtain(Make()), HasSubstr("failed to create new order: no"));
}

TEST_F(AcmeTest, AFailureIsNotRepeatedSoon) {
  authority_.fails = true;
  const auto certifier = Make();
  EXPECT_THAT(
      Obtain(certifier),
      HasSubstr("could not create certificate for host: a.test err: error checking challenge: "
                "challenge invalid: dns-01: pending; http-01: invalid: nobody there"));
  EXPECT_EQ(Kept("kong_acme:update_lock:a.test"), "");
  const size_t asked = authority_.asked.size();
  EXPECT_THAT(Obtain(certifier),
              testing::MatchesRegex("please try again in [0-9]+ seconds for host a.test because of "
                                    "previous failure; this is configurable with "
                                    "config.fail_backoff_minutes"));
  EXPECT_EQ(authority_.asked.size(), asked);
  authority_.fails = false;
  authority_.order_status = "ready";
  env_.time += 300;
  EXPECT_EQ(Obtain(certifier), "made");
}

TEST_F(AcmeTest, EachStepMayBeRefused) {
  for (const char* path :
       {"/account", "/order", "/authorization", "/challenge", "/order/1", "/finalize", "/chain"}) {
    authority_.refused = path;
    EXPECT_THAT(Obtain(Make()), HasSubstr("no")) << path;
    env_.time += 3600;
  }
  authority_.refused = "";
  authority_.chain = "no certificate";
  EXPECT_THAT(Obtain(Make()), HasSubstr("failed to fetch certificate"));
  env_.time += 3600;
  authority_.directory.erase("newOrder");
  EXPECT_THAT(Obtain(Make()), HasSubstr("missing at least one of"));
}

TEST_F(AcmeTest, AnOrderThatIsNeverReadyEnds) {
  authority_.order_status = "pending";
  for (const char* retry_after : {"", "nan", "1e300", "-1", "soon"}) {
    authority_.retry_after = retry_after;
    EXPECT_THAT(Obtain(Make()), HasSubstr("failed to wait for order status, got pending"));
    env_.time += 3600;
  }
}

TEST_F(AcmeTest, AServerThatDoesNotAnswerIsAFailure) {
  const auto certifier = Make();
  std::string outcome;
  certifier->Obtain("a.test", [&](const Result<bool>& made) { outcome = made.error().message(); });
  HttpReply reply;
  reply.error = "connection refused";
  env_.http.Reply(reply);
  EXPECT_THAT(outcome, HasSubstr("acme directory request failed: connection refused"));
  EXPECT_NE(Kept("kong_acme:fail_backoff:a.test"), "");
}

TEST_F(AcmeTest, AWorkerThatEndsLeavesTheOrderToOthers) {
  const auto certifier = Make();
  std::string outcome;
  certifier->Obtain("a.test", [&](const Result<bool>& made) { outcome = made.error().message(); });
  while (!env_.http.waiting.empty()) env_.http.Reply(authority_.Answer(env_.http.sent.back()));
  env_.timers.RunAll();  // at once: no time has passed
  EXPECT_THAT(outcome, HasSubstr("the worker ends"));
  EXPECT_EQ(Kept("kong_acme:update_lock:a.test"), "");
  EXPECT_EQ(Kept("kong_acme:fail_backoff:a.test"), "");
}

TEST_F(AcmeTest, AccountsOfTheAuthorityAreBoundWhereItWantsThat) {
  authority_.directory["meta"] = {{"externalAccountRequired", true}};
  EXPECT_THAT(Obtain(Make()), HasSubstr("CA requires external account binding"));
  env_.time += 3600;
  config_["eab_kid"] = "kid-1";
  config_["eab_hmac_key"] = Base64UrlEncode("secret");
  EXPECT_EQ(Obtain(Make()), "made");
  const Json account = Decoded(authority_.posted["/account"], "payload");
  EXPECT_EQ(Decoded(account["externalAccountBinding"], "protected")["kid"], "kid-1");
}

TEST_F(AcmeTest, TheWantedChainIsTaken) {
  config_["preferred_chain"] = "Root Y";
  authority_.other_chain = MakeCertificate("a.test", "Root Y", 1800000000);
  EXPECT_EQ(Obtain(Make()), "made");
  EXPECT_EQ((*ParseJson(Kept("kong_acme:cert_key:a.test")))["cert"], authority_.other_chain);
  config_["preferred_chain"] = "Root Z";
  EXPECT_EQ(Obtain(Make()), "made");
  EXPECT_EQ((*ParseJson(Kept("kong_acme:cert_key:a.test")))["cert"], authority_.chain);
}

TEST_F(AcmeTest, CertificatesAreRowsOfADatabase) {
  env_.env.db_less = false;
  config_["storage"] = "kong";
  env_.entities.Add("acme_storage", {{"id", "1"},
                                     {"key", "kong_acme:account:https://ca.test:bWVAYS50ZXN0"},
                                     {"value", DumpJson(Json{{"key", AccountPem()}})}});
  env_.entities.Add("certificates", {{"id", "people's"}, {"cert", "c"}, {"key", "k"}});
  env_.entities.Add("snis",
                    {{"id", "s"}, {"name", "a.test"}, {"certificate", {{"id", "people's"}}}});
  const auto certifier = *Certifier::Create(config_, env_.env);
  EXPECT_EQ(Obtain(certifier), "made");
  const auto name = env_.entities.FindUnique("snis", "name", "a.test");
  const std::string first = ForeignId(*name, "certificate");
  const auto row = env_.entities.Find("certificates", first);
  ASSERT_TRUE(row);
  EXPECT_EQ((*row)["cert"], authority_.chain);
  EXPECT_EQ((*row)["tags"], Json::array({"managed-by-acme"}));
  // What people have put there stays; our own gives way to the next.
  EXPECT_TRUE(env_.entities.Find("certificates", "people's"));
  EXPECT_EQ(Obtain(certifier), "made");
  EXPECT_FALSE(env_.entities.Find("certificates", first));
  EXPECT_TRUE(env_.entities.FindUnique("acme_storage", "key", "kong_acme:renew_config:a.test"));
  EXPECT_FALSE(env_.entities.FindUnique("acme_storage", "key", "kong_acme:update_lock:a.test"));
}

class AcmeRenewalTest : public AcmeTest {
 protected:
  // Whether the renewal has asked the authority for a certificate.
  bool Renews(const std::shared_ptr<Certifier>& certifier) {
    const size_t before = authority_.asked.size();
    bool done = false;
    certifier->Renew([&] { done = true; });
    authority_.Serve();
    EXPECT_TRUE(done);
    return authority_.asked.size() > before;
  }
};

TEST_F(AcmeRenewalTest, WhatEndsSoonIsMadeAnewWithItsKey) {
  const auto certifier = Make();
  EXPECT_EQ(Obtain(certifier), "made");
  const std::string key = StringMember(*ParseJson(Kept("kong_acme:cert_key:a.test")), "key");
  EXPECT_FALSE(Renews(certifier));
  env_.time = 1700000000 + 77 * kDay;
  authority_.chain = MakeCertificate("a.test", "Middle", 1700000000 + 200 * kDay);
  EXPECT_TRUE(Renews(certifier));
  const Json pair = *ParseJson(Kept("kong_acme:cert_key:a.test"));
  EXPECT_EQ(pair["cert"], authority_.chain);
  EXPECT_EQ(pair["key"], key);
  EXPECT_FALSE(Renews(certifier));
  EXPECT_NE(Kept("kong_acme:renew_last_run"), "");
}

TEST_F(AcmeRenewalTest, WhatWasDeletedIsForgotten) {
  const auto certifier = Make();
  EXPECT_EQ(Obtain(certifier), "made");
  env_.dictionary.Remove("kong_acme:cert_key:a.test", 0);
  env_.time += 80 * kDay;
  EXPECT_FALSE(Renews(certifier));
  EXPECT_EQ(Kept("kong_acme:renew_config:a.test"), "");
}

TEST_F(AcmeRenewalTest, APlanOfKongCountsNinetyDaysAndTheCertificateDecides) {
  const auto certifier = Make();
  EXPECT_EQ(Obtain(certifier), "made");
  Put("kong_acme:renew_config:a.test", {{"host", "a.test"}, {"expire_at", 1700000000}});
  EXPECT_FALSE(Renews(certifier));
  Put("kong_acme:cert_key:a.test", "broken");
  EXPECT_FALSE(Renews(certifier));
  EXPECT_THAT(env_.log.lines.back(), HasSubstr("error loading existing certkey"));
}

TEST_F(AcmeRenewalTest, TheTimerAsksOnceForAllWorkers) {
  EXPECT_EQ(Obtain(Make()), "made");
  const auto one = env_.Make("acme", config_), other = env_.Make("acme", config_);
  one->OnStart();
  other->OnStart();
  env_.time = 1700000000 + 80 * kDay;
  const size_t before = env_.http.sent.size();
  EXPECT_EQ(env_.timers.RunAll(), 2);
  EXPECT_EQ(env_.http.sent.size(), before + 1);
  authority_.Serve();
  // Timers that fire at once tell that the worker ends.
  const auto late = env_.Make("acme", config_);
  env_.timers.RunAll();
  late->OnStart();
  const size_t sent = env_.http.sent.size();
  env_.timers.RunAll();
  EXPECT_EQ(env_.timers.RunAll(), 0);
  EXPECT_EQ(env_.http.sent.size(), sent);
}

}  // namespace
}  // namespace silverback::plugins::acme
