#include <gtest/gtest.h>

#include "entity/model.h"
#include "plugins/oauth2/redirect.h"
#include "support/fake_env.h"
#include "support/fake_exchange.h"
#include "util/crypto.h"

namespace silverback::plugins {
namespace {

using plugin::Next;

class OAuth2Test : public ::testing::Test {
 protected:
  OAuth2Test() {
    service_.id = "s1";
    env_.entities.Add("consumers", {{"id", "c1"}, {"username", "ann"}});
    env_.entities.Add("consumers", {{"id", "c2"}, {"username", "guest"}});
    AddClient("app", {{"client_secret", "sec"}, {"client_type", "confidential"}});
    Use({{"enable_client_credentials", true},
         {"enable_password_grant", true},
         {"enable_authorization_code", true},
         {"enable_implicit_grant", true},
         {"scopes", {"email", "phone"}}});
  }
  void AddClient(const std::string& id, Json row) {
    row["id"] = id;
    row["client_id"] = id;
    row["redirect_uris"] = {"http://app.test/cb", "http://app.test/two?x=1"};
    row["consumer"] = {{"id", "c1"}};
    env_.entities.Add("oauth2_credentials", std::move(row));
  }
  void Use(const Json& more) {
    config_.update(more);
    plugin_ = env_.Make("oauth2", config_);
  }
  // The answer's document.
  Json Post(const std::string& path, const std::string& form, plugin::Headers headers = {}) {
    exchange_ = std::make_unique<test::FakeExchange>();
    exchange_->matched_service = &service_;
    exchange_->scheme = scheme_;
    exchange_->method = "POST";
    exchange_->path = path;
    exchange_->body = form;
    exchange_->request_headers = std::move(headers);
    exchange_->request_headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    plugin_->OnAccess(*exchange_);
    return exchange_->answer ? Json::parse(exchange_->answer->body) : Json();
  }
  Json Token(const std::string& form) {
    return Post("/r/oauth2/token", "client_id=app&client_secret=sec&" + form);
  }
  std::string Redirect(const std::string& form) {
    return StringMember(Post("/oauth2/authorize",
                             "client_id=app&provision_key=prov&authenticated_userid=u&" + form),
                        "redirect_uri");
  }
  std::string Code(const std::string& more) {
    const std::string uri = Redirect("response_type=code" + more);
    return uri.substr(uri.find("code=") + 5);
  }
  // The consumer that a token stands for, or the error.
  std::string Whose(const std::string& token) {
    exchange_ = std::make_unique<test::FakeExchange>();
    exchange_->matched_service = &service_;
    exchange_->request_headers = {{"Authorization", "Bearer " + token},
                                  {"X-Authenticated-UserId", "forged"}};
    plugin_->OnAccess(*exchange_);
    if (exchange_->answer) return StringMember(Json::parse(exchange_->answer->body), "error");
    return StringMember(*exchange_->consumer(), "username");
  }

  test::FakeEnv env_;
  entity::Service service_;
  Json config_ = {{"provision_key", "prov"},
                  {"token_expiration", 7200},
                  {"refresh_token_ttl", 1000},
                  {"auth_header_name", "authorization"},
                  {"pkce", "lax"}};
  std::string scheme_ = "https";
  std::unique_ptr<plugin::Plugin> plugin_;
  std::unique_ptr<test::FakeExchange> exchange_;
};

TEST_F(OAuth2Test, ClientsGetTokensAndUseThem) {
  const Json token = Token("grant_type=client_credentials&state=st");
  EXPECT_EQ(token["token_type"], "bearer");
  EXPECT_EQ(token["expires_in"], 7200);
  EXPECT_EQ(token["state"], "st");
  EXPECT_FALSE(token.contains("refresh_token"));
  EXPECT_EQ(env_.writer.ttls.back(), 1000);
  EXPECT_EQ(exchange_->AnswerHeader("Cache-Control"), "no-store");
  EXPECT_EQ(Whose(token["access_token"]), "ann");
  EXPECT_FALSE(exchange_->RequestHeader("X-Authenticated-UserId"));
  env_.time += 7201;
  EXPECT_EQ(Whose(token["access_token"]), "invalid_token");
  EXPECT_EQ(Whose("nothing"), "invalid_token");
}

TEST_F(OAuth2Test, ClientsThatAreNotWhoTheySayAreRefused) {
  EXPECT_EQ(Post("/oauth2/token", "client_id=app&client_secret=x&grant_type=client_credentials"),
            Json::parse(R"({"error": "invalid_client",
                            "error_description": "Invalid client authentication"})"));
  EXPECT_EQ(exchange_->answer->status, 400);
  Post("/oauth2/token", "grant_type=client_credentials",
       {{"Authorization", "Basic " + Base64Encode("app:wrong")}});
  EXPECT_EQ(exchange_->answer->status, 401);
  EXPECT_EQ(exchange_->AnswerHeader("WWW-Authenticate"), "Basic realm=\"OAuth2.0\"");
  Post("/oauth2/token", "grant_type=client_credentials",
       {{"Authorization", "Basic " + Base64Encode("app:sec")}});
  EXPECT_EQ(exchange_->answer->status, 200);
  EXPECT_EQ(Token("grant_type=other")["error"], "unsupported_grant_type");
  scheme_ = "http";
  EXPECT_EQ(Token("grant_type=client_credentials")["error"], "access_denied");
}

TEST_F(OAuth2Test, HashedSecretsAreVerified) {
  // PBKDF2 with SHA-512 of "hsec", one round, the salt being "salt".
  AddClient("hashed",
            {{"hash_secret", true},
             {"client_secret",
              "$pbkdf2-sha512$i=1,l=32$c2FsdA$MZMVNV0Y9GtVWpfOMBTsFAlsdlhYX34ktTeNSeBl9OE"}});
  const auto ask = [&](const std::string& secret) {
    return Post("/oauth2/token",
                "client_id=hashed&grant_type=client_credentials&client_secret=" + secret)["error"];
  };
  EXPECT_EQ(ask("hsec"), Json());
  EXPECT_EQ(ask("other"), "invalid_client");
}

TEST_F(OAuth2Test, PasswordsNeedTheProvisionKey) {
  EXPECT_EQ(Token("grant_type=password&authenticated_userid=u")["error"], "invalid_provision_key");
  EXPECT_EQ(Token("grant_type=password&provision_key=prov&authenticated_userid=+")["error"],
            "invalid_authenticated_userid");
  EXPECT_EQ(Token("grant_type=password&provision_key=prov&authenticated_userid=u&scope=bad")
                ["error_description"],
            "\"bad\" is an invalid scope");
  const Json token =
      Token("grant_type=password&provision_key=prov&authenticated_userid=u&scope=email+phone");
  EXPECT_EQ(Whose(token["access_token"]), "ann");
  EXPECT_EQ(exchange_->Header("X-Authenticated-Scope"), "email phone");
  EXPECT_EQ(exchange_->Header("X-Authenticated-UserId"), "u");
}

TEST_F(OAuth2Test, RefreshingRetiresTheOldPair) {
  const std::string ask = "grant_type=password&provision_key=prov&authenticated_userid=u";
  const Json first = Token(ask);
  const std::string refresh =
      "grant_type=refresh_token&refresh_token=" + first["refresh_token"].get<std::string>();
  const Json second = Token(refresh);
  EXPECT_EQ(Whose(second["access_token"]), "ann");
  EXPECT_EQ(exchange_->Header("X-Authenticated-UserId"), "u");
  EXPECT_EQ(Whose(first["access_token"]), "invalid_token");
  EXPECT_EQ(Token(refresh)["error_description"], "Invalid refresh_token");
  Use(Json{{"reuse_refresh_token", true}});
  const Json kept = Token(ask);
  const std::string again =
      "grant_type=refresh_token&refresh_token=" + kept["refresh_token"].get<std::string>();
  const Json third = Token(again);
  EXPECT_EQ(third["refresh_token"], kept["refresh_token"]);
  EXPECT_NE(third["access_token"], kept["access_token"]);
  EXPECT_EQ(Token(again)["error"], Json());
}

TEST_F(OAuth2Test, CodesAreExchangedOnce) {
  const std::string code = Code("&scope=email");
  EXPECT_EQ(env_.writer.ttls.back(), 300);
  const std::string ask = "grant_type=authorization_code&code=" + code;
  const Json token = Token(ask);
  EXPECT_EQ(Whose(token["access_token"]), "ann");
  EXPECT_EQ(exchange_->Header("X-Authenticated-Scope"), "email");
  EXPECT_EQ(Token(ask)["error_description"], "Invalid code");
  service_.id = "s2";
  EXPECT_EQ(Whose(token["access_token"]), "invalid_token");
}

TEST_F(OAuth2Test, VerifiersProveWhoAskedForTheCode) {
  const std::string verifier(43, 'a');
  const std::string challenge = Base64UrlEncode(Sha256(verifier));
  const std::string ask = "grant_type=authorization_code&code=" +
                          Code("&code_challenge_method=S256&code_challenge=" + challenge + "=");
  EXPECT_EQ(Token(ask)["error_description"],
            "code_verifier is required for PKCE authorization requests");
  EXPECT_EQ(Token(ask + "&code_verifier=short")["error"], "invalid_request");
  EXPECT_EQ(Token(ask + "&code_verifier=" + std::string(43, 'b'))["error"], "invalid_grant");
  EXPECT_EQ(Token(ask + "&code_verifier=" + verifier)["error"], Json());
  Use(Json{{"pkce", "strict"}});
  EXPECT_NE(Redirect("response_type=code").find("required%20for%20confidential"),
            std::string::npos);
}

TEST_F(OAuth2Test, AuthorizationTellsByRedirection) {
  EXPECT_EQ(Redirect("response_type=x&state=q"),
            "http://app.test/cb?error=unsupported_response_type&error_description=Invalid%20"
            "response_type&state=q");
  EXPECT_EQ(exchange_->answer->status, 400);
  EXPECT_EQ(Redirect("response_type=code&redirect_uri=http://evil.test").find("http://app.test/cb"),
            0u);
  const std::string implicit = Redirect("response_type=token&redirect_uri=http://app.test/two?x=1");
  EXPECT_EQ(implicit.find("http://app.test/two?x=1#access_token="), 0u);
  EXPECT_EQ(Post("/oauth2/authorize", "client_id=app&provision_key=x")["error"],
            "invalid_provision_key");
}

TEST_F(OAuth2Test, OtherMethodsAndMissingTokensAreRefused) {
  test::FakeExchange get;
  get.path = "/oauth2/token/";
  plugin_->OnAccess(get);
  EXPECT_EQ(get.answer->status, 405);
  test::FakeExchange bare;
  plugin_->OnAccess(bare);
  EXPECT_EQ(bare.answer->status, 401);
  EXPECT_EQ(bare.AnswerHeader("WWW-Authenticate"), "Bearer realm=\"service\"");
  Use(Json{{"anonymous", "guest"}});
  EXPECT_EQ(Whose("bad"), "guest");
}

TEST_F(OAuth2Test, ParametersAreHidden) {
  Use(Json{{"hide_credentials", true}});
  const std::string token = Token("grant_type=client_credentials")["access_token"];
  Post("/x", "access_token=" + token + "&b=2&a=%41");
  EXPECT_EQ(exchange_->new_body, "a=A&b=2");
  EXPECT_EQ(Whose(token), "ann");
  EXPECT_FALSE(exchange_->RequestHeader("authorization"));
}

TEST(Redirects, KeepWhatIsThere) {
  EXPECT_EQ(oauth2::RedirectTo("http://a", {{"b", "x.y"}, {"a", 1}}, false),
            "http://a?a=1&b=x%2ey");
  EXPECT_EQ(oauth2::RedirectTo("http://a/?z=1#f", {{"b", "2"}}, false), "http://a/?b=2&z=1#f");
  EXPECT_EQ(oauth2::RedirectTo("http://a/?z=1#f=3", {{"b", "2"}}, true), "http://a/?z=1#b=2&f=3");
}

}  // namespace
}  // namespace silverback::plugins
