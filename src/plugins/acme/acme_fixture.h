// What the tests of acme share: an authority that answers as they want, and a configuration of the
// plugin that uses it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "plugins/acme/certifier.h"
#include "plugins/acme/openssl.h"
#include "support/fake_env.h"
#include "util/crypto.h"
#include "util/string_util.h"

namespace silverback::plugins::acme {

using plugin::HttpReply;
using plugin::HttpRequest;
using test::FakeEnv;
using testing::HasSubstr;

constexpr int kDay = 86400;

// One for all tests: making it takes long.
inline const std::string& AccountPem() {
  static const std::string pem = *NewRsaKey(2048);
  return pem;
}

// Issued by itself under the name of somebody else, as far as texts go.
inline std::string MakeCertificate(const std::string& host, const std::string& issuer,
                                   int64_t until) {
  const schema::PrivateKey key(EVP_EC_gen("P-256"));
  const Owned<X509, X509_free> made(X509_new());
  const auto name = [](X509_NAME* of, const std::string& text) {
    X509_NAME_add_entry_by_txt(of, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1, 0);
  };
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 0x01AB);
  name(X509_get_subject_name(made.get()), host);
  name(X509_get_issuer_name(made.get()), issuer);
  ASN1_TIME_set(X509_getm_notBefore(made.get()), 1600000000);
  ASN1_TIME_set(X509_getm_notAfter(made.get()), until);
  X509_set_pubkey(made.get(), key.get());
  X509_sign(made.get(), key.get(), EVP_sha256());
  const BioPtr out(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(out.get(), made.get());
  return TextOf(out.get());
}

inline Json Decoded(const Json& jws, const char* part) {
  return *ParseJson(*Base64UrlDecode(StringMember(jws, part)));
}

// An ACME server that answers as the tests want, and keeps what it was asked.
class FakeAuthority {
 public:
  explicit FakeAuthority(FakeEnv& env) : env_(env) {
    chain = MakeCertificate("a.test", "Middle", 1700000000 + 90 * kDay);
  }

  // Answers everything that is asked, and lets time pass, until nothing happens any more.
  void Serve() {
    do {
      while (!env_.http.waiting.empty()) {
        const HttpRequest request = env_.http.sent[answered_++];
        env_.http.Reply(Answer(request));
      }
      env_.time += 30;
    } while (env_.timers.RunAll() > 0 || !env_.http.waiting.empty());
  }

  HttpReply Answer(const HttpRequest& request) {
    const std::string path = request.url.substr(std::string("https://ca.test").size());
    asked.push_back(request.method + " " + path);
    if (path == "/challenge" && fails) order_status = "invalid";
    if (path == "/directory") return Document(directory);
    HttpReply reply = Refuses(path) ? Document({{"type", problem}, {"detail", "no"}}, 400)
                                    : Document(Content(path));
    if (path == "/chain" || path == "/other-chain")
      reply.body = path == "/chain" ? chain : other_chain;
    if (path == "/chain")
      reply.headers.emplace_back("Link", "<https://ca.test/index>;rel=\"index\"");
    if (path == "/chain" && !other_chain.empty())
      reply.headers.emplace_back("link", "<https://ca.test/other-chain>;rel=\"alternate\"");
    reply.headers.emplace_back("Replay-Nonce", "nonce" + std::to_string(++nonces_));
    if (path == "/account") reply.headers.emplace_back("Location", "https://ca.test/account/1");
    if (!retry_after.empty()) reply.headers.emplace_back("Retry-After", retry_after);
    if (path == "/order") reply.headers.emplace_back("Location", "https://ca.test/order/1");
    if (request.method == "POST") posted[path] = *ParseJson(request.body);
    return reply;
  }

  Json directory = {{"newNonce", "https://ca.test/nonce"},
                    {"newAccount", "https://ca.test/account"},
                    {"newOrder", "https://ca.test/order"},
                    {"revokeCert", "https://ca.test/revoke"}};
  std::string chain, other_chain, order_status = "ready";
  bool fails = false;  // when the host is asked
  std::string retry_after;
  std::string refused, problem = "urn:ietf:params:acme:error:malformed";
  int refusals = 1000;  // of that path
  std::vector<std::string> asked;
  std::map<std::string, Json> posted;

 private:
  bool Refuses(const std::string& path) { return path == refused && refusals-- > 0; }

  static HttpReply Document(const Json& document, int status = 200) {
    HttpReply reply;
    reply.status = status;
    reply.body = DumpJson(document);
    return reply;
  }

  Json Content(const std::string& path) const {
    const Json order = {{"status", order_status},
                        {"finalize", "https://ca.test/finalize"},
                        {"authorizations", {"https://ca.test/authorization"}}};
    if (path == "/order" || path == "/order/1") return order;
    if (path == "/finalize") return {{"status", "valid"}, {"certificate", "https://ca.test/chain"}};
    if (path != "/authorization") return Json::object();
    const bool failed = order_status == "invalid";
    Json challenge = {{"type", "http-01"},
                      {"token", "t1"},
                      {"status", failed ? "invalid" : "pending"},
                      {"url", "https://ca.test/challenge"}};
    if (failed) challenge["error"] = {{"detail", "nobody there"}};
    return {
        {"status", "pending"},
        {"challenges", Json::array({Json{{"type", "dns-01"}, {"status", "pending"}}, challenge})}};
  }

  FakeEnv& env_;
  size_t answered_ = 0;
  int nonces_ = 0;
};

class AcmeTest : public testing::Test {
 protected:
  AcmeTest() {
    env_.dictionary.largest = 100000;
    env_.env.db_less = true;
    env_.time = 1700000000;
  }

  std::shared_ptr<Certifier> Make() {
    Put("kong_acme:account:https://ca.test:bWVAYS50ZXN0", {{"key", AccountPem()}});
    auto made = Certifier::Create(config_, env_.env);
    return made ? *made : nullptr;
  }
  void Put(const std::string& key, const Json& value) {
    env_.dictionary.Put(key, value.is_string() ? value.get<std::string>() : DumpJson(value), 0);
  }
  std::string Kept(const std::string& key) {
    return env_.dictionary.Get(key, env_.time).value_or("");
  }
  // Gives "made", "elsewhere" or what went wrong.
  std::string Obtain(const std::shared_ptr<Certifier>& certifier,
                     const std::string& host = "a.test") {
    std::string outcome = "nothing";
    certifier->Obtain(host, [&](const Result<bool>& made) {
      outcome = !made ? made.error().message() : *made ? "made" : "elsewhere";
    });
    authority_.Serve();
    return outcome;
  }

  FakeEnv env_;
  FakeAuthority authority_{env_};
  Json config_ = {{"account_email", "me@a.test"},
                  {"api_uri", "https://ca.test"},
                  {"cert_type", "ecc"},
                  {"renew_threshold_days", 14},
                  {"fail_backoff_minutes", 5},
                  {"domains", {"a.test"}},
                  {"storage", "shm"},
                  {"storage_config", {{"shm", {{"shm_name", "kong_db_cache"}}}}}};
};

}  // namespace silverback::plugins::acme
