#include <gtest/gtest.h>

#include "plugins/session/sealed.h"
#include "support/fake_env.h"
#include "support/fake_exchange.h"

namespace silverback::plugins {
namespace {

using plugin::Next;

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    env_.entities.Add("consumers", {{"id", "c1"}, {"username", "ann"}});
    Use(Json::object());
  }
  void Use(Json more) {
    Json config = {{"secret", "top"},
                   {"logout_methods", {"POST"}},
                   {"logout_query_arg", "out"},
                   {"logout_post_arg", "bye"},
                   {"cookie_secure", false}};
    config.update(more);
    plugin_ = env_.Make("session", config);
  }
  // The value of the cookie that a first authentication gives.
  std::string Begin() {
    test::FakeExchange exchange;
    exchange.Authenticate(Row({{"id", "c1"}}), Row({{"id", "k1"}}), false);
    exchange.Shared()["authenticated_groups"] = {"a", "b"};
    plugin_->OnAccess(exchange);
    plugin_->OnHeaderFilter(exchange);
    return CookieOf(exchange);
  }
  static std::string CookieOf(const test::FakeExchange& exchange) {
    const std::string header = exchange.Response("Set-Cookie");
    const size_t start = header.find('=') + 1;
    return header.empty() ? "" : header.substr(start, header.find(';') - start);
  }
  static plugin::EntityRef Row(Json json) { return std::make_shared<const Json>(std::move(json)); }
  bool Knows(test::FakeExchange& exchange, const std::string& cookie) {
    exchange.request_headers.emplace_back("Cookie", "x=y; session=" + cookie);
    plugin_->OnAccess(exchange);
    return exchange.consumer() != nullptr;
  }
  bool Knows(const std::string& cookie) {
    test::FakeExchange exchange;
    return Knows(exchange, cookie);
  }

  test::FakeEnv env_;
  std::unique_ptr<plugin::Plugin> plugin_;
};

TEST_F(SessionTest, ACookieStandsForTheCredential) {
  const std::string cookie = Begin();
  ASSERT_FALSE(cookie.empty());
  test::FakeExchange exchange;
  EXPECT_TRUE(Knows(exchange, cookie));
  EXPECT_EQ(StringMember(*exchange.credential(), "id"), "k1");
  EXPECT_EQ(StringMember(*exchange.credential(), "consumer_id"), "c1");
  EXPECT_EQ(exchange.Header("X-Authenticated-Groups"), "a, b");
  plugin_->OnHeaderFilter(exchange);
  EXPECT_EQ(exchange.Response("Set-Cookie"), "");
}

TEST_F(SessionTest, CookiesAreGoodOnlyWhereTheyWereGiven) {
  const std::string cookie = Begin();
  EXPECT_FALSE(Knows("broken"));
  EXPECT_FALSE(Knows(cookie + "A"));
  test::FakeExchange secure;
  secure.scheme = "https";
  EXPECT_FALSE(Knows(secure, cookie));
  test::FakeExchange browser;
  browser.request_headers = {{"User-Agent", "b"}};
  EXPECT_FALSE(Knows(browser, cookie));
  Use({{"secret", "other"}});
  EXPECT_FALSE(Knows(cookie));
}

TEST_F(SessionTest, LifetimesEnd) {
  Use({{"cookie_lifetime", 10}, {"cookie_renew", 0}});
  const std::string cookie = Begin();
  env_.time += 9;
  EXPECT_TRUE(Knows(cookie));
  env_.time += 1;
  EXPECT_FALSE(Knows(cookie));
  Use({{"cookie_idletime", 2}});
  const std::string idle = Begin();
  env_.time += 2;
  EXPECT_FALSE(Knows(idle));
}

TEST_F(SessionTest, SessionsAreRenewedBeforeTheirEnd) {
  Use({{"cookie_lifetime", 60}, {"cookie_renew", 30}});
  const std::string cookie = Begin();
  test::FakeExchange early, late;
  Knows(early, cookie);
  EXPECT_EQ(CookieOf(early), "");
  env_.time += 31;
  Knows(late, cookie);
  env_.time += 40;
  EXPECT_TRUE(Knows(CookieOf(late)));
}

TEST_F(SessionTest, ClientsLogOut) {
  const std::string cookie = Begin();
  for (const char* query : {"out", "out=1"}) {
    test::FakeExchange exchange;
    exchange.method = "POST";
    exchange.query = query;
    Knows(exchange, cookie);
    ASSERT_TRUE(exchange.answer);
    EXPECT_EQ(exchange.answer->status, 200);
    EXPECT_NE(exchange.Response("Set-Cookie").find("Max-Age=0"), std::string::npos);
  }
  test::FakeExchange by_body;
  by_body.method = "POST";
  by_body.body = "bye=1";
  by_body.request_headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  Knows(by_body, cookie);
  EXPECT_TRUE(by_body.resumed_with_answer);
  test::FakeExchange get;
  get.query = "out";
  EXPECT_TRUE(Knows(get, cookie));
}

TEST_F(SessionTest, TheStoreMayKeepSessions) {
  Use({{"storage", "kong"}});
  const std::string cookie = Begin();
  EXPECT_EQ(env_.writer.ttls.back(), 3600);
  EXPECT_TRUE(env_.entities.FindUnique("sessions", "session_id", cookie));
  EXPECT_TRUE(Knows(cookie));
  test::FakeExchange exchange;
  exchange.method = "POST";
  exchange.query = "out";
  Knows(exchange, cookie);
  EXPECT_FALSE(env_.entities.FindUnique("sessions", "session_id", cookie));
  EXPECT_FALSE(Knows(cookie));
}

TEST_F(SessionTest, ConsumersThatAreGoneHaveNoSession) {
  const std::string cookie = Begin();
  env_.entities.Remove("consumers", "c1");
  test::FakeExchange exchange;
  EXPECT_FALSE(Knows(exchange, cookie));
  EXPECT_NE(exchange.Response("Set-Cookie").find("Max-Age=0"), std::string::npos);
}

TEST_F(SessionTest, CookiesHaveTheirAttributes) {
  Use({{"cookie_name", "n"},
       {"cookie_domain", "x.test"},
       {"cookie_path", "/a"},
       {"cookie_samesite", "Lax"},
       {"cookie_httponly", false},
       {"cookie_secure", true}});
  test::FakeExchange exchange;
  exchange.Authenticate(Row({{"id", "c1"}}), Row({{"id", "k1"}}), false);
  plugin_->OnHeaderFilter(exchange);
  const std::string header = exchange.Response("Set-Cookie");
  EXPECT_EQ(header.substr(header.find(';')), "; Domain=x.test; Path=/a; SameSite=Lax; Secure");
}

TEST(Sealer, OpensOnlyWhatItSealed) {
  const Sealer sealer("secret");
  const std::string sealed = sealer.Seal("text", "here");
  EXPECT_EQ(sealer.Open(sealed, "here"), "text");
  EXPECT_NE(sealer.Seal("text", "here"), sealed);
  EXPECT_FALSE(sealer.Open(sealed, "there"));
  EXPECT_FALSE(Sealer("other").Open(sealed, "here"));
  EXPECT_FALSE(sealer.Open("", "here"));
  EXPECT_FALSE(sealer.Open(sealed.substr(0, 20), "here"));
  EXPECT_EQ(sealer.Open(sealer.Seal("", "p"), "p"), "");
}

}  // namespace
}  // namespace silverback::plugins
