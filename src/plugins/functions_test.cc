// pre-function and post-function, and what their functions may call.
#include <gtest/gtest.h>

#include "lua/sandbox.h"
#include "support/fake_env.h"
#include "support/fake_exchange.h"

namespace silverback::plugins {
namespace {

using plugin::Next;

class FunctionsTest : public ::testing::Test {
 protected:
  FunctionsTest() { Use("sandbox"); }
  void Use(const std::string& untrusted_lua) {
    sandbox_ = std::make_unique<lua::Sandbox>(
        lua::Sandbox::Options{untrusted_lua, {"cjson"}, {}},
        lua::PdkContext{.log = &env_.log,
                        .entities = &env_.entities,
                        .now = [] { return 1700000000.5; },
                        .node_id = "node",
                        .trusts = [](std::string_view ip) { return ip == "1.1.1.1"; },
                        .configuration =
                            [] {
                              return Json{{"database", "off"}};
                            }});
    env_.env.scripts = sandbox_.get();
  }
  std::unique_ptr<plugin::Plugin> Make(const Json& config) {
    return env_.Make("pre-function", config);
  }
  // Runs one text in the access phase; gives the answer's body, or "" when there is none.
  std::string Access(const std::string& text) {
    exchange_.answer.reset();
    const auto plugin = Make({{"access", {text}}});
    plugin->OnAccess(exchange_);
    return exchange_.answer ? exchange_.answer->body : "";
  }
  // The value of an expression, as JSON.
  Json Value(const std::string& expression) {
    const std::string body = Access("kong.response.exit(200, {" + expression + "})");
    const Json list = Json::parse(body, nullptr, false);
    return list.is_array() && !list.empty() ? list[0] : Json(body);
  }
  std::string ErrorOf(const std::string& statement) {
    return Value("select(2, pcall(function() " + statement + " end))").get<std::string>();
  }

  test::FakeEnv env_;
  test::FakeExchange exchange_;
  std::unique_ptr<lua::Sandbox> sandbox_;
};

TEST_F(FunctionsTest, TheyRunOneAfterTheOtherUntilOneAnswers) {
  const auto plugin = Make({{"access",
                             {"kong.ctx.shared.a = 1 kong.service.request.add_header('X', '1')",
                              "pcall(kong.response.exit, 201, {a = kong.ctx.shared.a}) "
                              "kong.response.exit(500)",
                              "kong.response.exit(500)"}}});
  EXPECT_EQ(plugin->OnAccess(exchange_), Next::kRespond);
  EXPECT_EQ(exchange_.answer->status, 201);
  EXPECT_EQ(exchange_.answer->body, R"({"a":1})");
  EXPECT_EQ(exchange_.AnswerHeader("content-type"), "application/json; charset=utf-8");
  EXPECT_EQ(exchange_.Header("X"), "1");
  EXPECT_EQ(exchange_.Shared()["a"], 1);
}

TEST_F(FunctionsTest, AFunctionThatATextGivesRemembers) {
  const auto plugin =
      Make({{"access",
             {"local n = 0 return function() n = n + 1 kong.response.exit(200, n .. '') end"}}});
  for (const char* count : {"1", "2", "3"}) {
    exchange_.answer.reset();
    plugin->OnAccess(exchange_);
    EXPECT_EQ(exchange_.answer->body, count);
  }
}

TEST_F(FunctionsTest, ErrorsEndTheRequestAndStandInTheLog) {
  for (const char* text : {"error('boom')", "error({})", "return nothing.x", "while true do end"}) {
    EXPECT_EQ(Access(text), R"({"message":"An unexpected error occurred"})") << text;
    EXPECT_EQ(env_.log.lines.back().find("[pre-function]"), 0u);
  }
  const auto plugin = Make({{"header_filter", {"error('late')"}}, {"log", {"error('too late')"}}});
  plugin->OnHeaderFilter(exchange_);
  EXPECT_TRUE(exchange_.aborted);
  plugin->OnLog(exchange_);
  EXPECT_NE(env_.log.lines.back().find("too late"), std::string::npos);
}

TEST_F(FunctionsTest, HostileTextsEnd) {
  for (const char* text :
       {"local t = {} while true do t[#t + 1] = ('x'):rep(1e6) end",
        "coroutine.wrap(function() while true do end end)()",
        "local function f() return pcall(f) end f()",
        "local function f() pcall(f) pcall(f) end f()", "return ('a'):rep(1e8)",
        "ngx.re.match(('a'):rep(1000) .. 'c', '(a+)+b')", "error(setmetatable)",
        "xpcall(function() while true do end end, function() while true do end end)"}) {
    Access(text);
  }
  EXPECT_EQ(Access("kong.response.exit(200, 'well')"), "well");
}

TEST_F(FunctionsTest, WithoutUntrustedLuaNothingPasses) {
  Use("off");
  const auto plugin = Make({{"log", {"return"}}});
  EXPECT_EQ(plugin->OnAccess(exchange_), Next::kRespond);
  plugin->OnHeaderFilter(exchange_);
  EXPECT_TRUE(exchange_.aborted);
}

TEST_F(FunctionsTest, BodiesAreReadWhereATextSpeaksOfThem) {
  exchange_.request_headers = {{"Content-Type", "application/json"}};
  exchange_.body = R"({"a":[1,{"b":null}],"c":[]})";
  EXPECT_EQ(Access("kong.response.exit(200, (kong.request.get_body()))"), exchange_.body);
  EXPECT_EQ(exchange_.suspended, 1);
  Access("kong.response.exit(200, kong.request.get_method())");
  EXPECT_EQ(exchange_.suspended, 1);
  exchange_.request_headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  exchange_.body = "a=1&a=2&b";
  EXPECT_EQ(Value("(kong.request.get_body())"), Json::parse(R"({"a": ["1", "2"], "b": true})"));
  exchange_.request_headers = {{"Content-Type", "text/x"}};
  EXPECT_EQ(Value("select(2, kong.request.get_body())"), "unsupported content type 'text/x'");
}

TEST_F(FunctionsTest, TheUpstreamsRequestIsChanged) {
  Access(
      "local r = kong.service.request r.set_path('/p') r.set_raw_query('a=1') r.set_method('PUT') "
      "r.set_headers({A = {'1', '2'}, B = true}) r.clear_header('C') r.set_raw_body('b')");
  EXPECT_EQ(exchange_.path, "/p");
  EXPECT_EQ(exchange_.query, "a=1");
  EXPECT_EQ(exchange_.method, "PUT");
  EXPECT_EQ(exchange_.RequestHeaderValues("A").size(), 2u);
  EXPECT_EQ(exchange_.Header("B"), "true");
  EXPECT_EQ(exchange_.new_body, "b");
  Access("kong.service.request.set_query({z = {'1', '2'}, b = true, a = 'x y'})");
  EXPECT_EQ(exchange_.query, "a=x%20y&b&z=1&z=2");
  Access("kong.service.request.set_query({a = '1', a2 = '2', ['a-b'] = 3, c = {false, true}})");
  EXPECT_EQ(exchange_.query, "a-b=3&a2=2&a=1&c");
  Access("kong.service.request.set_body({a = 1}, 'application/json')");
  EXPECT_EQ(exchange_.new_body, R"({"a":1})");
  Access("kong.service.request.set_body({b = 2, a = true}, 'multipart/form-data; boundary=\"B\"')");
  EXPECT_EQ(exchange_.new_body,
            "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ntrue\r\n"
            "--B\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n2\r\n--B--\r\n");
  EXPECT_EQ(exchange_.Header("Content-Type"), "multipart/form-data; boundary=B");
}

TEST_F(FunctionsTest, MistakesAreNamed) {
  EXPECT_EQ(ErrorOf("kong.service.request.set_path('x')"), "path must start with /");
  EXPECT_EQ(ErrorOf("kong.service.request.set_method('FOO')"), "invalid method: FOO");
  EXPECT_EQ(ErrorOf("kong.service.request.set_header(1, 'x')"),
            "invalid header name \"1\": got number, expected string");
  EXPECT_EQ(ErrorOf("kong.service.set_target('h', 1.5)"), "port must be an integer");
  EXPECT_EQ(ErrorOf("kong.response.exit(99)"), "code must be a number between 100 and 599");
  EXPECT_EQ(ErrorOf("kong.response.get_status()"),
            "function cannot be called in access phase (only in: response, header_filter, "
            "body_filter, log, error, admin_api)");
  EXPECT_EQ(ErrorOf("kong.client.authenticate()"),
            "either credential or consumer must be provided");
  EXPECT_EQ(ErrorOf("kong.service.request.set_query({'x'})"), "arg keys must be strings");
  EXPECT_EQ(ErrorOf("kong.service.request.set_query({a = {{}}})"),
            "attempt to use table as query arg value");
  EXPECT_EQ(ErrorOf("kong.service.request.set_body({}, 'text/xml')"),
            "unsupported content type text/xml");
  EXPECT_EQ(ErrorOf("kong.service.request.set_body({a = {}}, 'multipart/form-data')"),
            "invalid value \"a\": got table, expected string, number or boolean");
  EXPECT_EQ(ErrorOf("kong.response.set_headers({a = function() end})"),
            "invalid header value for \"a\": got function, expected string, number, boolean or "
            "array of strings");
  EXPECT_EQ(ErrorOf("kong.service.set_tls_verify(5)"), "argument must be a boolean");
  EXPECT_EQ(ErrorOf("kong.client.tls.set_client_verify('x')"),
            "unknown client verify value: x accepted values are: \"SUCCESS\", \"NONE\" or "
            "\"FAILED:<reason>\"");
  EXPECT_EQ(ErrorOf("kong.client.tls.request_client_certificate()"),
            "function cannot be called in access phase (only in: certificate)");
  EXPECT_EQ(ErrorOf("kong.log.set_format(5)"), "format must be a string");
  EXPECT_EQ(ErrorOf("kong.log.new('')"), "namespace cannot be an empty string");
  EXPECT_EQ(ErrorOf("kong.response.error(500, 5)"), "message must be a nil, a string or a table");
  EXPECT_TRUE(ErrorOf("kong.client.load_consumer('')")
                  .ends_with("cannot load a consumer with an id that is not a uuid"));
  EXPECT_EQ(ErrorOf("ngx.sleep(1)").find("ngx.sleep is not available"), 0u);
}

TEST_F(FunctionsTest, ResponsesAreMadeOver) {
  const auto plugin = Make(
      {{"header_filter",
        {"kong.response.set_header('A', kong.response.get_status()) "
         "kong.response.add_header('B', '2') kong.response.clear_header('C') "
         "kong.response.set_headers({U_S = 1, ['Transfer-Encoding'] = 'x'}) "
         "kong.response.set_header('G', kong.response.get_header('u_s'))",
         "if kong.request.get_query_arg('x') then kong.response.exit(403, 'late') end"}},
       {"body_filter",
        {"local b = kong.response.get_raw_body() if b then kong.response.set_raw_body('<' .. b "
         ".. '>') end"}}});
  exchange_.response_headers = {{"b", "1"}, {"c", "x"}};
  plugin->OnHeaderFilter(exchange_);
  EXPECT_EQ(exchange_.Response("A"), "200");
  EXPECT_EQ(exchange_.Response("U-S"), "1");
  EXPECT_EQ(exchange_.Response("G"), "1");
  EXPECT_EQ(exchange_.Response("Transfer-Encoding"), "");
  EXPECT_EQ(exchange_.ResponseHeaderValues("B").size(), 2u);
  EXPECT_EQ(exchange_.Response("C"), "");
  EXPECT_TRUE(plugin->WantsBody(exchange_));
  std::string one = "on", two = "e";
  plugin::BodyChunk first{&one, false}, second{&two, true};
  plugin->OnBodyFilter(exchange_, first);
  plugin->OnBodyFilter(exchange_, second);
  EXPECT_EQ(one + two, "<one>");
  exchange_.query = "x";
  plugin->OnHeaderFilter(exchange_);
  EXPECT_EQ(exchange_.status, 403);
  EXPECT_EQ(exchange_.new_response_body, "late");
}

TEST_F(FunctionsTest, NgxSaysAndExits) {
  EXPECT_EQ(Access("ngx.status = 202 ngx.say('raw', {1, '2'}) ngx.exit(200)"), "raw12\n");
  EXPECT_EQ(exchange_.answer->status, 202);
  Access("ngx.exit(403)");
  EXPECT_EQ(exchange_.answer->status, 403);
  EXPECT_EQ(Access("ngx.exit(0) kong.response.exit(500)"), "");
  EXPECT_FALSE(exchange_.answer);
  EXPECT_EQ(Access("ngx.header.X_A = '1' ngx.print('x')"), "x");
  EXPECT_EQ(exchange_.Response("X-A"), "1");
}

TEST_F(FunctionsTest, NgxMatchesExpressions) {
  EXPECT_EQ(Value("ngx.re.match('hello 42', '(?<word>[a-z]+) ([0-9]+)', 'jo').word"), "hello");
  EXPECT_EQ(Value("ngx.re.match('hello 42', '([a-z]+) ([0-9]+)')[2]"), "42");
  EXPECT_EQ(Value("ngx.re.find('aXb', 'x', 'i')"), 2);
  EXPECT_EQ(Value("(ngx.re.gsub('a.b.c', [[\\.]], '-'))"), "a-b-c");
  EXPECT_EQ(Value("(ngx.re.gsub('ab', '(a)(b)?', '$2$1$$'))"), "ba$");
  EXPECT_EQ(Value("(ngx.re.sub('aa', 'a', function(m) return m[0] .. '!' end))"), "a!a");
  EXPECT_EQ(Value("(ngx.re.gsub('ab', '', '-'))"), "-a-b-");
  EXPECT_EQ(Access("local n = 0 for m in ngx.re.gmatch('a1b2', '[0-9]') do n = n + m[0] end "
                   "kong.response.exit(200, tostring(n))"),
            "3");
  EXPECT_EQ(Value("select(2, ngx.re.match('a', '('))"), "pcre_compile() failed");
}

TEST_F(FunctionsTest, NgxConvertsAndHashes) {
  EXPECT_EQ(Value("ngx.md5('a')"), "0cc175b9c0f1b6a831c399e269772661");
  EXPECT_EQ(Value("#ngx.md5_bin('a') + #ngx.sha1_bin('a') + #ngx.hmac_sha1('k', 'a')"), 56);
  EXPECT_EQ(Value("ngx.crc32_short('hello')"), 907060870);
  EXPECT_EQ(Value("ngx.encode_args({b = '1 2', a = true})"), "a&b=1%202");
  EXPECT_EQ(Value("ngx.encode_base64('a', true) .. ngx.encode_base64('a')"), "YQYQ==");
  EXPECT_EQ(Value("ngx.escape_uri('a /?', 0) .. ngx.escape_uri('a /?')"), "a%20/%3Fa%20%2F%3F");
  EXPECT_EQ(Value("ngx.quote_sql_str([[a'\\b]])"), "'a\\'\\\\b'");
  EXPECT_EQ(Value("type(ngx.timer.at)"), "function");
  EXPECT_EQ(Value("ngx.http_time(784111777)"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(Value("ngx.parse_http_time('Sun, 06 Nov 1994 08:49:37 GMT')"), 784111777);
  EXPECT_EQ(Access("ngx.ctx.a = 1 kong.response.exit(200, tostring(ngx.ctx.a))"), "1");
  EXPECT_EQ(Value("require('cjson').encode({1, require('cjson').null})"), "[1,null]");
}

TEST_F(FunctionsTest, KongHasItsSmallParts) {
  EXPECT_EQ(Value("kong.table.merge({a = 1, b = 2}, {b = 3})"), Json::parse(R"({"a":1,"b":3})"));
  EXPECT_EQ(Value("kong.ip.is_trusted('1.1.1.1')"), true);
  EXPECT_EQ(Value("kong.nginx.get_subsystem()"), "http");
  EXPECT_EQ(Value("kong.node.get_id()"), "node");
  EXPECT_EQ(Value("kong.configuration.database"), "off");
  EXPECT_EQ(Value("kong.node.get_memory_stats('m').lua_shared_dicts.kong.capacity"), "0.00 MiB");
  Access(
      "kong.log.inspect({a = 1}) kong.log('x', 1, true) kong.client.authenticate({id = 'c'}, "
      "{id = 'k'})");
  EXPECT_EQ(env_.log.lines.front(), "{ a = 1 }");
  EXPECT_EQ(StringMember(*exchange_.consumer(), "id"), "c");
  EXPECT_FALSE(exchange_.told_upstream);
}

TEST_F(FunctionsTest, TheProtocolIsThatOfTheRouteWhereItHasOne) {
  EXPECT_EQ(Value("select(2, kong.client.get_protocol())"), "No active route found");
  entity::Route route;
  exchange_.matched_route = &route;
  exchange_.scheme = "https";
  route.row = {{"protocols", {"http"}}};
  EXPECT_EQ(Value("kong.client.get_protocol()"), "http");
  route.row = {{"protocols", {"http", "https"}}};
  EXPECT_EQ(Value("kong.client.get_protocol()"), "https");
}

TEST_F(FunctionsTest, ListsMayHaveHoles) {
  EXPECT_EQ(Access("kong.response.exit(200, {nil, 'b', nil, 4})"), R"([null,"b",null,4])");
  EXPECT_EQ(Access("kong.response.exit(200, {1, x = 2})"), R"({"1":1,"x":2})");
  EXPECT_EQ(Access("kong.response.exit(200, {[0] = 1})"), R"({"0":1})");
  for (const char* wrong : {"{1 / 0}", "{[40000] = 1}"}) {
    EXPECT_EQ(Access("kong.response.exit(200, " + std::string(wrong) + ")"), "") << wrong;
    EXPECT_EQ(exchange_.answer->status, 500) << wrong;
  }
}

TEST_F(FunctionsTest, VariablesSteerTheWayToTheService) {
  Access("ngx.var.upstream_uri = '/v' ngx.var.args = 'a=1'");
  EXPECT_EQ(exchange_.path, "/v");
  EXPECT_EQ(exchange_.query, "a=1");
  EXPECT_EQ(ErrorOf("ngx.var.host = 'x'"), "variable \"host\" not changeable");
}

TEST_F(FunctionsTest, ReferencesAreTakenApart) {
  EXPECT_EQ(Value("kong.vault.is_reference('{vault://env/x}')"), true);
  EXPECT_EQ(Value("kong.vault.is_reference('{vault:/env/x}')"), false);
  EXPECT_EQ(
      Value("kong.vault.parse_reference('{vault://env/a/b?c=1#2}')"),
      Json::parse(R"({"name":"env","resource":"a","key":"b","config":{"c":"1"},"version":2})"));
  EXPECT_EQ(Value("select(2, kong.vault.parse_reference('x'))"), "not a reference [x]");
  EXPECT_EQ(Value("select(2, kong.vault.parse_reference('{vault://env/}'))"),
            "reference url has empty path [{vault://env/}]");
  EXPECT_EQ(Value("select(2, kong.vault.get('{vault://env/x}'))"),
            "could not find vault (env) [{vault://env/x}]");
}

TEST_F(FunctionsTest, PluginsHaveTablesOfTheirOwn) {
  const auto one = Make({{"access", {"kong.ctx.plugin.x = 1"}},
                         {"log", {"kong.log.err(tostring(kong.ctx.plugin.x))"}}});
  const auto other = Make({{"log", {"kong.log.err(tostring(kong.ctx.plugin.x))"}}});
  one->OnAccess(exchange_);
  one->OnLog(exchange_);
  EXPECT_EQ(env_.log.lines.back(), "1");
  other->OnLog(exchange_);
  EXPECT_EQ(env_.log.lines.back(), "nil");
}

}  // namespace
}  // namespace silverback::plugins
