// The storages, each against a server that the test plays.
#include "plugins/acme/storage.h"

#include "plugins/acme/acme_fixture.h"

namespace silverback::plugins::acme {
namespace {

using Words = std::vector<std::string>;

class StorageTest : public testing::Test {
 protected:
  StorageTest() { env_.dictionary.largest = 100000; }

  std::shared_ptr<Storage> Make(const std::string& kind, const Json& settings = Json::object()) {
    auto made = MakeStorage({{"storage", kind}, {"storage_config", {{kind, settings}}}}, env_.env);
    return made ? *made : nullptr;
  }
  // "key=value", "key=" for nothing, or the error.
  Storage::GotValue Got() {
    return [this](const Storage::Value& value) {
      outcome_ = !value ? value.error().message() : "=" + value->value_or("");
    };
  }
  Storage::Finished Finished() {
    return [this](const Status& status) { outcome_ = status ? "ok" : status.error().message(); };
  }
  Storage::Added Added() {
    return [this](const Result<bool>& added) {
      outcome_ = !added ? added.error().message() : *added ? "added" : "exists";
    };
  }
  Storage::Keys Listed() {
    return [this](const Result<Words>& keys) {
      outcome_ = keys ? Join(*keys, ",") : keys.error().message();
    };
  }
  // What was sent last, and the answer to it.
  std::string Sent() {
    const HttpRequest& request = env_.http.sent.back();
    return request.method + " " + request.url;
  }
  void Reply(int status, const std::string& body) {
    HttpReply reply;
    reply.status = status;
    reply.body = body;
    env_.http.Reply(std::move(reply));
  }

  FakeEnv env_;
  std::string outcome_ = "nothing";
};

// What every storage does, whose answers come at once.
void KeepsTexts(Storage& storage, FakeEnv& env) {
  std::vector<std::string> seen;
  const auto got = [&](const Storage::Value& value) { seen.push_back(value->value_or("-")); };
  const auto added = [&](const Result<bool>& is) { seen.emplace_back(*is ? "added" : "exists"); };
  const auto finished = [&](const Status& status) { seen.emplace_back(status ? "ok" : "failed"); };
  const auto listed = [&](const Result<Words>& keys) { seen.push_back(Join(*keys, ",")); };
  storage.Get("p:a", got);
  storage.Set("p:a", "1", 0, finished);
  storage.Set("p:a", "2", 0, finished);
  storage.Get("p:a", got);
  storage.Add("p:a", "3", 10, added);
  storage.Add("lock", "4", 10, added);
  storage.Add("lock", "5", 10, added);
  storage.Set("p:b", "6", 0, finished);
  storage.List("p:", listed);
  storage.Remove("p:a", finished);
  storage.Remove("p:a", finished);
  storage.List("p:", listed);
  EXPECT_EQ(seen, (Words{"-", "ok", "ok", "2", "exists", "added", "exists", "ok", "p:a,p:b", "ok",
                         "ok", "p:b"}));
  env.time += 11;
}

TEST_F(StorageTest, MemoryKeepsTexts) {
  const auto storage = Make("shm", {{"shm_name", "kong_db_cache"}});
  KeepsTexts(*storage, env_);
  storage->Add("lock", "6", 10, Added());
  EXPECT_EQ(outcome_, "added");
  // Other workers see them, also when there were many.
  const auto other = Make("shm", {{"shm_name", "kong_db_cache"}});
  for (int i = 0; i < 200; ++i) other->Set("q:" + std::to_string(i), "x", 0, Finished());
  for (int i = 0; i < 199; ++i) storage->Remove("q:" + std::to_string(i), Finished());
  storage->List("q:", Listed());
  EXPECT_EQ(outcome_, "q:199");
  env_.dictionary.largest = 1;
  storage->Set("p:c", "long", 0, Finished());
  EXPECT_EQ(outcome_, "no memory");
  EXPECT_EQ(Make("shm", {{"shm_name", "none"}}), nullptr);
}

TEST_F(StorageTest, RowsKeepTexts) {
  const auto storage = Make("kong");
  KeepsTexts(*storage, env_);
  EXPECT_EQ(env_.writer.ttls[1], 10);
}

TEST_F(StorageTest, RedisIsAsked) {
  const auto storage =
      Make("redis", {{"host", "r.test"}, {"port", 1}, {"database", 2}, {"auth", "s"}});
  storage->Get("k", Got());
  EXPECT_EQ(env_.redis.servers[0].host, "r.test");
  EXPECT_EQ(env_.redis.servers[0].database, 2);
  EXPECT_EQ(env_.redis.servers[0].password, "s");
  env_.redis.Reply(std::vector<Json>{nullptr});
  EXPECT_EQ(outcome_, "=");
  const auto asked = [&] { return Join(env_.redis.sent.back()[0], " "); };
  storage->Set("k", "v", 5, Finished());
  EXPECT_EQ(asked(), "SET k v EX 5");
  env_.redis.Reply(std::vector<Json>{"OK"});
  EXPECT_EQ(outcome_, "ok");
  storage->Add("k", "v", 5, Added());
  EXPECT_EQ(asked(), "SET k v EX 5 NX");
  env_.redis.Reply(std::vector<Json>{nullptr});
  EXPECT_EQ(outcome_, "exists");
  storage->Remove("k", Finished());
  EXPECT_EQ(asked(), "DEL k");
  env_.redis.Reply(Error(ErrorCode::kUnavailable, "gone"));
  EXPECT_EQ(outcome_, "gone");
  storage->List("p:", Listed());
  EXPECT_EQ(asked(), "SCAN 0 MATCH p:* COUNT 1000");
  env_.redis.Reply(std::vector<Json>{Json::array({"7", Json::array({"p:b"})})});
  EXPECT_EQ(asked(), "SCAN 7 MATCH p:* COUNT 1000");
  env_.redis.Reply(std::vector<Json>{Json::array({"0", Json::array({"p:a", "p:b"})})});
  EXPECT_EQ(outcome_, "p:a,p:b");
  storage->List("p:", Listed());
  env_.redis.Reply(std::vector<Json>{"nonsense"});
  EXPECT_EQ(outcome_, "unexpected answer to SCAN");
}

TEST_F(StorageTest, ConsulIsAsked) {
  const auto storage = Make("consul", {{"https", true}, {"host", "c.test"}, {"token", "s"}});
  storage->Get("t#http-01", Got());
  EXPECT_EQ(Sent(), "GET https://c.test:8500/v1/kv/acme/t%23http-01");
  EXPECT_EQ(env_.http.sent.back().headers.back().second, "s");
  EXPECT_TRUE(env_.http.sent.back().verify_tls);
  Reply(404, "");
  EXPECT_EQ(outcome_, "=");
  storage->Get("a://b", Got());
  EXPECT_EQ(Sent(), "GET https://c.test:8500/v1/kv/acme/a%3A//b");
  Reply(200, R"([{"Value":"dg==","Flags":0}])");
  EXPECT_EQ(outcome_, "=v");
  storage->Get("old", Got());
  Reply(200, R"([{"Value":"dg==","Flags":1000,"ModifyIndex":7}])");
  EXPECT_EQ(Sent(), "DELETE https://c.test:8500/v1/kv/acme/old?cas=7");
  Reply(200, "true");
  EXPECT_EQ(outcome_, "=");
  storage->Set("k", "v", 0, Finished());
  EXPECT_EQ(Sent(), "PUT https://c.test:8500/v1/kv/acme/k");
  EXPECT_EQ(env_.http.sent.back().body, "v");
  Reply(200, "false");
  EXPECT_EQ(outcome_, "consul returned false");
  storage->Add("k", "v", 10, Added());
  Reply(404, "");
  EXPECT_EQ(Sent(), "PUT https://c.test:8500/v1/kv/acme/k?cas=0&flags=1700000010500");
  Reply(200, "false");
  EXPECT_EQ(outcome_, "exists");
  storage->List("p:", Listed());
  EXPECT_EQ(Sent(), "GET https://c.test:8500/v1/kv/acme/?keys");
  Reply(200, R"(["acme/p:a","acme/q:b","acme/"])");
  EXPECT_EQ(outcome_, "p:a");
  storage->Remove("k", Finished());
  Reply(500, "no");
  EXPECT_EQ(outcome_, "consul answered 500");
}

TEST_F(StorageTest, VaultIsAsked) {
  const auto storage = Make("vault", {{"https", true},
                                      {"host", "10.0.0.1"},
                                      {"tls_server_name", "v.test"},
                                      {"tls_verify", false},
                                      {"kv_path", "secret/acme"},
                                      {"token", "s"}});
  storage->Get("a/b#c", Got());
  EXPECT_EQ(Sent(), "GET https://v.test:8200/v1/secret/data/acme/a-b%23c");
  EXPECT_EQ(env_.http.sent.back().connect_host, "10.0.0.1");
  EXPECT_FALSE(env_.http.sent.back().verify_tls);
  Reply(404, R"({"errors":[]})");
  EXPECT_EQ(outcome_, "=");
  storage->Get("k", Got());
  Reply(200, R"({"data":{"data":{"value":"v"},"metadata":{"version":1}}})");
  EXPECT_EQ(outcome_, "=v");
  storage->Set("k", "v", 0, Finished());
  EXPECT_EQ(Sent(), "POST https://v.test:8200/v1/secret/data/acme/k");
  EXPECT_EQ((*ParseJson(env_.http.sent.back().body))["data"]["value"], "v");
  Reply(200, "{}");
  EXPECT_EQ(outcome_, "ok");
  // Of what has expired the versions count on.
  storage->Add("k", "v", 10, Added());
  Reply(404, R"({"data":{"data":null,"metadata":{"version":3}}})");
  EXPECT_EQ(Sent(), "POST https://v.test:8200/v1/secret/metadata/acme/k");
  EXPECT_EQ(env_.http.sent.back().body, R"({"delete_version_after":"10000ms"})");
  Reply(204, "");
  EXPECT_EQ((*ParseJson(env_.http.sent.back().body))["options"]["cas"], 3);
  Reply(200, "{}");
  EXPECT_EQ(outcome_, "added");
  storage->List("p:", Listed());
  EXPECT_EQ(Sent(), "LIST https://v.test:8200/v1/secret/metadata/acme/");
  Reply(200, R"({"data":{"keys":["p:a","q:b"]}})");
  EXPECT_EQ(outcome_, "p:a");
  storage->Remove("k", Finished());
  EXPECT_EQ(Sent(), "DELETE https://v.test:8200/v1/secret/metadata/acme/k");
  Reply(403, "{}");
  EXPECT_EQ(outcome_, "vault answered 403");
}

TEST_F(StorageTest, VaultKnowsPods) {
  const std::string file = testing::TempDir() + "acme_token";
  FILE* out = fopen(file.c_str(), "w");
  fputs("jwt", out);
  fclose(out);
  const auto storage =
      Make("vault", {{"auth_method", "kubernetes"}, {"auth_role", "r"}, {"jwt_path", file}});
  storage->Get("k", Got());
  EXPECT_EQ(Sent(), "POST http://127.0.0.1:8200/v1/auth/kubernetes/login");
  EXPECT_EQ(env_.http.sent.back().body, R"({"jwt":"jwt","role":"r"})");
  Reply(200, R"({"auth":{"client_token":"s"}})");
  EXPECT_EQ(Sent(), "GET http://127.0.0.1:8200/v1/acme/data/k");
  EXPECT_EQ(env_.http.sent.back().headers.back().second, "s");
  Reply(403, "{}");
  // The token has run out.
  storage->Get("k", Got());
  Reply(200, "{}");
  EXPECT_EQ(outcome_, "Could not authenticate");
  Make("vault", {{"auth_method", "kubernetes"}, {"jwt_path", "/none"}})->Get("k", Got());
  EXPECT_EQ(outcome_, "the token of the service account is missing");
  Make("vault", {{"auth_method", "other"}})->Get("k", Got());
  EXPECT_EQ(outcome_, "Unknown authentication method");
}

}  // namespace
}  // namespace silverback::plugins::acme
