#include "lua/sandbox.h"

#include <gtest/gtest.h>

#include "support/fake_env.h"
#include "support/fake_exchange.h"

namespace silverback::lua {
namespace {

class SandboxTest : public ::testing::Test {
 protected:
  Result<Json> Run(const std::string& text) {
    auto script = sandbox_->Load(text);
    if (!script) return script.error();
    return (*script)->Run(*exchange_);
  }
  std::string ErrorOf(const std::string& text) {
    const auto result = Run(text);
    return result ? "no error: " + DumpJson(*result) : result.error().message();
  }
  Json Value(const std::string& text) {
    auto result = Run(text);
    EXPECT_TRUE(result) << result.error().message();
    return result ? *result : Json("failed");
  }
  void Use(const std::string& untrusted_lua, std::vector<std::string> environment = {}) {
    sandbox_ = std::make_unique<Sandbox>(
        Sandbox::Options{untrusted_lua, {"allowed.module"}, std::move(environment)},
        PdkContext{.log = &env_.log,
                   .entities = &env_.entities,
                   .now = [] { return 1700000000.5; },
                   .node_id = "the-node"});
  }

  SandboxTest() { Use("sandbox"); }

  test::FakeEnv env_;
  std::unique_ptr<test::FakeExchange> exchange_ = std::make_unique<test::FakeExchange>();
  std::unique_ptr<Sandbox> sandbox_;
};

TEST_F(SandboxTest, ValuesBecomeJson) {
  EXPECT_EQ(Value("return nil"), Json());
  EXPECT_EQ(Value("return 'a\\0b'"), Json(std::string("a\0b", 3)));
  EXPECT_EQ(Value("return {1, 'x', {a = true}}"), Json::parse(R"([1, "x", {"a": true}])"));
  EXPECT_EQ(Value("return {[1] = 'a', x = 2}"), Json::parse(R"({"1": "a", "x": 2})"));
  EXPECT_EQ(Value("return {}"), Json::object());
  EXPECT_NE(ErrorOf("return function() end").find("non self-referencial"), std::string::npos);
  EXPECT_NE(ErrorOf("local t = {} t.t = t return t").find("non self-ref"), std::string::npos);
}

TEST_F(SandboxTest, LooksAtTheRequestAndTheResponse) {
  exchange_->method = "PUT";
  exchange_->path = "/a/b";
  exchange_->query = "x=1&x=2&flag";
  exchange_->request_headers = {{"X-Id", "7"}, {"Accept", "a"}, {"Accept", "b"}};
  exchange_->response_headers = {{"X-Out", "o"}};
  exchange_->status = 201;
  EXPECT_EQ(Value("return kong.request.get_method() .. kong.request.get_path()"), "PUT/a/b");
  EXPECT_EQ(Value("return kong.request.get_header('x-id')"), "7");
  EXPECT_EQ(Value("return kong.request.get_headers().X_ID"), "7");
  EXPECT_EQ(Value("return kong.request.get_headers()['accept']"), Json::parse(R"(["a", "b"])"));
  EXPECT_EQ(Value("return kong.request.get_query()"),
            Json::parse(R"({"x": ["1", "2"], "flag": true})"));
  EXPECT_EQ(Value("return kong.request.get_query_arg('x')"), "1");
  EXPECT_EQ(Value("return kong.response.get_status()"), 201);
  EXPECT_EQ(Value("return kong.response.get_header('x-out')"), "o");
  EXPECT_EQ(Value("return kong.client.get_consumer()"), Json());
  EXPECT_EQ(Value("return ngx.time()"), 1700000000);
  EXPECT_EQ(Value("return kong.node.get_id()"), "the-node");
}

TEST_F(SandboxTest, FindsConsumers) {
  const std::string id = "c0000000-0000-4000-8000-000000000000";
  env_.entities.Add("consumers", {{"id", id}, {"username", "ann"}});
  EXPECT_EQ(Value("return kong.client.load_consumer('" + id + "').username"), "ann");
  EXPECT_EQ(Value("return kong.client.load_consumer('ann', true).id"), id);
  EXPECT_EQ(ErrorOf("return kong.client.load_consumer('ann')"),
            "cannot load a consumer with an id that is not a uuid");
}

TEST_F(SandboxTest, SaysWhatIsWrong) {
  EXPECT_NE(ErrorOf("return 1 +").find("unexpected symbol"), std::string::npos);
  EXPECT_NE(ErrorOf("return kong.request.get_header(1)").find("must be a string"),
            std::string::npos);
  EXPECT_NE(ErrorOf("return kong.response.exit(200)").find("log phase"), std::string::npos);
  EXPECT_NE(ErrorOf("return kong.service.response.get_raw_body()").find("buffered proxying"),
            std::string::npos);
  EXPECT_NE(ErrorOf("return nothing.at_all").find("nil value"), std::string::npos);
  EXPECT_NE(ErrorOf("error({})").find("error object"), std::string::npos);
}

TEST_F(SandboxTest, NothingDangerousIsThere) {
  for (const char* name :
       {"io", "os.execute", "os.exit", "loadstring", "dofile", "debug", "package", "getfenv",
        "setfenv", "rawset", "string.dump", "ffi", "jit"}) {
    EXPECT_EQ(Value("return " + std::string(name)), Json()) << name;
  }
  EXPECT_NE(ErrorOf("require 'ffi'").find("require 'ffi' not allowed within sandbox"),
            std::string::npos);
  EXPECT_NE(ErrorOf("require 'allowed.module'").find("module 'allowed.module' not found"),
            std::string::npos);
  EXPECT_NE(ErrorOf("\x1bLJ").find("wrong mode"), std::string::npos);
}

TEST_F(SandboxTest, NothingIsLeftBehind) {
  EXPECT_EQ(Value("left = 1 kong.x = 1 ngx.x = 1 _G.y = 2 kong.ctx.shared.x = 1 return left + y"),
            3);
  EXPECT_EQ(Value("return left or kong.x or ngx.x or y"), Json());
  EXPECT_EQ(Value("return kong.ctx.shared.x"), 1);
  for (const char* change : {"string.lower = nil", "kong.request.get_method = nil",
                             "kong.log.err = nil", "ngx.re.match = nil", "kong.ctx.x = 1"}) {
    EXPECT_NE(ErrorOf(change), "no error: null") << change;
  }
  EXPECT_EQ(Value("return string.lower('A') .. kong.request.get_method()"), "aGET");
  exchange_ = std::make_unique<test::FakeExchange>();
  EXPECT_EQ(Value("return kong.ctx.shared.x"), Json());
}

TEST_F(SandboxTest, TheEndlessAndTheGreedyEnd) {
  EXPECT_NE(ErrorOf("while true do end").find("too long"), std::string::npos);
  EXPECT_NE(ErrorOf("while true do pcall(function() while true do end end) end").find("too long"),
            std::string::npos);
  EXPECT_NE(ErrorOf("local s = 'x' while true do s = s .. s end").find("memory"),
            std::string::npos);
  EXPECT_NE(ErrorOf("return ('x'):rep(1e9)").find("memory"), std::string::npos);
  EXPECT_NE(ErrorOf("local function f() return 1 + f() end return f()").find("overflow"),
            std::string::npos);
  EXPECT_EQ(Value("return 'still well'"), "still well");
}

TEST_F(SandboxTest, EditsTheLogEntry) {
  exchange_->log_entry = Json::parse(R"({"client_ip": "1.2.3.4", "request": {"size": 1}})");
  Value(
      "kong.log.set_serialize_value('request.size', nil) "
      "kong.log.set_serialize_value('request.id', 'x') "
      "kong.log.set_serialize_value('client_ip', 'no', {mode = 'add'}) "
      "kong.log.set_serialize_value('new.one', 'no', {mode = 'replace'})");
  EXPECT_EQ(exchange_->log_entry,
            Json::parse(R"({"client_ip": "1.2.3.4", "request": {"id": "x"}})"));
}

TEST_F(SandboxTest, TheSettingDecides) {
  Use("off");
  EXPECT_NE(ErrorOf("return 1").find("'untrusted_lua' config option is set to 'off'"),
            std::string::npos);
  Use("on");
  EXPECT_EQ(Value("return type(io.open)"), "function");
  Use("sandbox", {"rawlen", "rawequal"});
  EXPECT_EQ(Value("return rawequal(1, 1)"), true);
  Use("sandbox", {"string.rep", "io.open", "nothing.at.all"});
  EXPECT_EQ(Value("return string.rep('a', 3) .. string.upper('b') .. type(io.open)"),
            "aaaBfunction");
  EXPECT_EQ(Value("return io.popen"), Json());
}

}  // namespace
}  // namespace silverback::lua
