// jwt, hmac-auth and ldap-auth.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "http/date.h"
#include "plugins/jwt/token.h"
#include "support/fake_env.h"
#include "support/fake_exchange.h"
#include "util/crypto.h"

namespace silverback::plugins {
namespace {

using plugin::Next;

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() {
    env_.entities.Add("consumers", {{"id", "c1"}, {"username", "ann"}});
    env_.entities.Add("consumers", {{"id", "c2"}, {"username", "guest"}});
  }
  void AddSecret(Json row) {
    row["id"] = "j";
    row["consumer"] = {{"id", "c1"}};
    env_.entities.Add("jwt_secrets", std::move(row));
  }
  static std::string Part(const Json& json) { return Base64UrlEncode(json.dump()); }
  static std::string Signed(const Json& claims, const std::string& secret = "s",
                            const std::string& algorithm = "HS256") {
    const std::string text = Part({{"alg", algorithm}}) + "." + Part(claims);
    const HashKind kind = algorithm == "HS512" ? HashKind::kSha512 : HashKind::kSha256;
    return text + "." + Base64UrlEncode(Hmac(kind, secret, text));
  }
  // The answer's body, or the consumer's name.
  std::string Ask(const plugin::Plugin& plugin) {
    exchange_.answer.reset();
    const Next next = plugin.OnAccess(exchange_);
    if (exchange_.answer)
      return exchange_.answer->raw_body ? exchange_.answer->body : exchange_.answer->message;
    EXPECT_NE(next, Next::kRespond);
    return exchange_.consumer() ? StringMember(*exchange_.consumer(), "username") : "nobody";
  }
  std::string AskJwt(const std::string& token, Json config = Json::object()) {
    config["header_names"] = {"authorization"};
    const auto plugin = env_.Make("jwt", config);
    exchange_.request_headers = {{"Authorization", "Bearer " + token}};
    return Ask(*plugin);
  }

  test::FakeEnv env_;
  test::FakeExchange exchange_;
};

TEST_F(CredentialsTest, TokensAreCheckedFromTheirFormToTheirConsumer) {
  AddSecret({{"key", "k"}, {"secret", "s"}, {"algorithm", "HS256"}});
  const auto message = [](const std::string& text) { return R"({"message":")" + text + R"("})"; };
  EXPECT_EQ(AskJwt(Signed({{"iss", "k"}})), "ann");
  EXPECT_EQ(exchange_.Shared()["authenticated_jwt_token"], Signed({{"iss", "k"}}));
  EXPECT_EQ(AskJwt("abc"), message("Bad token; invalid JSON"));
  EXPECT_EQ(AskJwt("a.b.c"), message("Bad token; invalid JSON"));
  EXPECT_EQ(AskJwt(Part({{"alg", "none"}}) + "." + Part(Json::object()) + "."),
            message("Bad token; invalid alg"));
  EXPECT_EQ(AskJwt(Part({{"alg", "HS256"}}) + ".NQ."), message("Bad token; invalid claims"));
  EXPECT_EQ(AskJwt(Part({{"alg", "HS256"}}) + "." + Part(Json::object()) + ".!"),
            message("Bad token; invalid signature"));
  EXPECT_EQ(AskJwt(Signed(Json::object())), message("No mandatory 'iss' in claims"));
  EXPECT_EQ(AskJwt(Signed({{"iss", ""}})), message("Invalid 'iss' in claims"));
  EXPECT_EQ(AskJwt(Signed({{"iss", 5}})), message("Invalid 'iss' in claims"));
  EXPECT_EQ(AskJwt(Signed({{"iss", "x"}})), message("No credentials found for given 'iss'"));
  EXPECT_EQ(AskJwt(Signed({{"iss", "k"}}, "other")), message("Invalid signature"));
  EXPECT_EQ(AskJwt(Signed({{"iss", "k"}}, "s", "HS512")), message("Invalid algorithm"));
  exchange_.Authenticate(nullptr, nullptr, false);
  EXPECT_EQ(AskJwt(Signed({{"iss", "k"}}, "other"), {{"anonymous", "guest"}}), "guest");
}

TEST_F(CredentialsTest, ClaimsOfTimeAreVerified) {
  AddSecret({{"key", "k"}, {"secret", "s"}});
  const Json both = {{"claims_to_verify", {"exp", "nbf"}}};
  const auto now = static_cast<int64_t>(env_.time);
  EXPECT_EQ(AskJwt(Signed({{"iss", "k"}, {"exp", now + 1}, {"nbf", now}}), both), "ann");
  EXPECT_EQ(AskJwt(Signed({{"iss", "k"}, {"exp", now}, {"nbf", now + 1}}), both),
            R"({"exp":"token expired","nbf":"token not valid yet"})");
  EXPECT_EQ(AskJwt(Signed({{"iss", "k"}, {"exp", "x"}, {"nbf", nullptr}}), both),
            R"({"exp":"must be a number","nbf":"must be a number"})");
  const Json longest = {{"claims_to_verify", {"exp"}}, {"maximum_expiration", 300}};
  EXPECT_EQ(AskJwt(Signed({{"iss", "k"}, {"exp", now + 300}}), longest), "ann");
  EXPECT_EQ(AskJwt(Signed({{"iss", "k"}, {"exp", now + 301}}), longest),
            R"({"exp":"exceeds maximum allowed expiration"})");
}

TEST_F(CredentialsTest, TokensMayBeInManyPlaces) {
  AddSecret({{"key", "k"}, {"secret", "s"}});
  const auto plugin = env_.Make("jwt", {{"uri_param_names", {"jwt"}},
                                        {"cookie_names", {"one", "Two"}},
                                        {"header_names", {"x-a", "x-b"}}});
  const std::string token = Signed({{"iss", "k"}});
  exchange_.query = "jwt=" + token;
  EXPECT_EQ(Ask(*plugin), "ann");
  exchange_.query += "&jwt=x";
  EXPECT_EQ(Ask(*plugin), R"({"message":"Multiple tokens provided"})");
  exchange_.query = "jwt";
  EXPECT_EQ(Ask(*plugin), R"({"message":"Unrecognizable token"})");
  exchange_.query = "";
  exchange_.request_headers = {{"Cookie", "one=; two=" + token}};
  EXPECT_EQ(Ask(*plugin), "ann");
  exchange_.request_headers = {{"X-A", "Basic z"}, {"X-B", "x bearer " + token}};
  EXPECT_EQ(Ask(*plugin), "ann");
  exchange_.request_headers = {{"X-A", token}};
  EXPECT_EQ(Ask(*plugin), R"({"message":"Unauthorized"})");
}

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

std::string PublicPem(EVP_PKEY* key) {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), key);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

std::string Signature(EVP_PKEY* key, const std::string& text) {
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  std::string signature(1024, '\0');
  size_t size = signature.size();
  EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key);
  EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                 reinterpret_cast<const unsigned char*>(text.data()), text.size());
  signature.resize(size);
  return signature;
}

TEST_F(CredentialsTest, RsaKeysVerifyWhatTheirOwnersSigned) {
  const PublicKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{2048}));
  AddSecret({{"key", "k"}, {"rsa_public_key", PublicPem(key.get())}, {"algorithm", "RS256"}});
  const std::string text = Part({{"alg", "RS256"}}) + "." + Part({{"iss", "k"}});
  EXPECT_EQ(AskJwt(text + "." + Base64UrlEncode(Signature(key.get(), text))), "ann");
  EXPECT_EQ(AskJwt(text + "." + Base64UrlEncode(Signature(key.get(), text + "x"))),
            R"({"message":"Invalid signature"})");
  // A public key is no secret: it must not pass for one.
  EXPECT_EQ(AskJwt(Signed({{"iss", "k"}}, PublicPem(key.get()))),
            R"({"message":"Invalid algorithm"})");
}

TEST_F(CredentialsTest, EcKeysWantSignaturesOfTheirSize) {
  const PublicKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  AddSecret({{"key", "k"}, {"rsa_public_key", PublicPem(key.get())}, {"algorithm", "ES256"}});
  const std::string text = Part({{"alg", "ES256"}}) + "." + Part({{"iss", "k"}});
  for (const std::string& signature : {std::string(64, 'a'), std::string(63, 'a'),
                                       std::string(64, '\0'), Signature(key.get(), text)}) {
    EXPECT_EQ(AskJwt(text + "." + Base64UrlEncode(signature)),
              R"({"message":"Invalid signature"})");
  }
}

class HmacTest : public CredentialsTest {
 protected:
  HmacTest() {
    env_.entities.Add(
        "hmacauth_credentials",
        {{"id", "h"}, {"username", "al"}, {"secret", "sec"}, {"consumer", {{"id", "c1"}}}});
    exchange_.host = "a.test";
  }
  static Json Config(Json more = Json::object()) {
    Json config = {{"algorithms", {"hmac-sha1", "hmac-sha256"}}, {"clock_skew", 300}};
    config.update(more);
    return config;
  }
  std::string AskHmac(const std::string& headers, const std::string& text,
                      const Json& config = Config(), const std::string& algorithm = "hmac-sha256") {
    const std::string signature = Base64Encode(Hmac(HashKind::kSha256, "sec", text));
    exchange_.request_headers = {
        {"X-Date", date_},
        {"X-More", "m"},
        {"Digest", "SHA-256=" + Base64Encode(Sha256("hello"))},
        {"Authorization", "hmac username=\"al\", algorithm=\"" + algorithm + "\", headers=\"" +
                              headers + "\", signature=\"" + signature + "\""}};
    return Ask(*env_.Make("hmac-auth", config));
  }
  std::string date_ = http::FormatDate(1700000000);
};

TEST_F(HmacTest, SignaturesCoverWhatTheyName) {
  exchange_.method = "PUT";
  exchange_.path = "/p";
  EXPECT_EQ(AskHmac("x-date", "x-date: " + date_), "ann");
  EXPECT_EQ(AskHmac("X-Date x-more", "X-Date: " + date_ + "\nx-more: m"), "ann");
  EXPECT_EQ(AskHmac("request-line absent @request-target",
                    "PUT /p HTTP/1.1\nabsent:\n@request-target: put /p"),
            "ann");
  EXPECT_EQ(AskHmac("x-date", "x-date: other"), "HMAC signature does not match");
  EXPECT_EQ(AskHmac("x-date", "x-date: " + date_, Config(), "hmac-sha512"),
            "HMAC signature cannot be verified");
}

TEST_F(HmacTest, OldDatesAndMissingHeadersAreRefused) {
  EXPECT_EQ(AskHmac("x-date", "x-date: " + date_, Config({{"enforce_headers", {"x-more"}}})),
            "HMAC signature cannot be verified");
  date_ = http::FormatDate(1700000000 - 301);
  EXPECT_EQ(AskHmac("x-date", "x-date: " + date_),
            "HMAC signature cannot be verified, a valid date or x-date header is required for HMAC "
            "Authentication");
  exchange_.request_headers.clear();
  EXPECT_EQ(Ask(*env_.Make("hmac-auth", Config())), "Unauthorized");
}

TEST_F(HmacTest, BodiesHaveTheirDigest) {
  const Json config = Config({{"validate_request_body", true}});
  exchange_.body = "hello";
  EXPECT_EQ(AskHmac("x-date", "x-date: " + date_, config), "ann");
  exchange_.body = "hullo";
  AskHmac("x-date", "x-date: " + date_, config);
  EXPECT_EQ(exchange_.answer->message, "HMAC signature does not match");
}

TEST_F(HmacTest, CredentialsAreHidden) {
  AskHmac("x-date", "x-date: " + date_, Config({{"hide_credentials", true}}));
  EXPECT_FALSE(exchange_.RequestHeader("authorization"));
  // What is no credential is not passed on either.
  exchange_.request_headers = {{"Authorization", "hmac x"}, {"Date", date_}};
  Ask(*env_.Make("hmac-auth", Config({{"hide_credentials", true}})));
  EXPECT_FALSE(exchange_.RequestHeader("authorization"));
}

TEST_F(CredentialsTest, DirectoriesAreNotAskedForWhatIsNoCredential) {
  const auto plugin = env_.Make(
      "ldap-auth",
      {{"ldap_host", "127.0.0.1"}, {"ldap_port", 1}, {"base_dn", "dc=x"}, {"attribute", "cn"}});
  EXPECT_EQ(Ask(*plugin), "Unauthorized");
  EXPECT_EQ(exchange_.AnswerHeader("WWW-Authenticate"), "LDAP realm=\"kong\"");
  for (const char* header :
       {"Basic YTpi", "ldap", "ldap bm9jb2xvbg==", "ldap !", "ldap YTo=", "ldapYTpi"}) {
    exchange_.request_headers = {{"Authorization", header}};
    EXPECT_EQ(Ask(*plugin), "Invalid authentication credentials") << header;
  }
  exchange_.request_headers = {{"Authorization", "LDAP YTpi"}};
  EXPECT_EQ(Ask(*plugin), R"({"message":"An unexpected error occurred"})");
  EXPECT_EQ(env_.log.lines.size(), 1u);
}

}  // namespace
}  // namespace silverback::plugins
