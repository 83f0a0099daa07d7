// request-transformer and response-transformer.
#include <gtest/gtest.h>

#include "lua/sandbox.h"
#include "plugins/transform/multipart_form.h"
#include "plugins/transform/rules.h"
#include "support/fake_env.h"
#include "support/fake_exchange.h"

namespace silverback::plugins {
namespace {

using plugin::Next;

class TransformerTest : public ::testing::Test {
 protected:
  TransformerTest() { Use("sandbox"); }
  void Use(const std::string& untrusted_lua) {
    sandbox_ = std::make_unique<lua::Sandbox>(
        lua::Sandbox::Options{untrusted_lua, {}, {}},
        lua::PdkContext{.log = &env_.log, .entities = &env_.entities, .now = {}, .node_id = {}});
    env_.env.scripts = sandbox_.get();
  }
  std::unique_ptr<plugin::Plugin> Request(const char* config) {
    return env_.Make("request-transformer", Json::parse(config));
  }
  // Runs it to its end, a wait for the body included.
  void Run(const char* config) {
    const auto plugin = Request(config);
    ASSERT_TRUE(plugin);
    plugin->OnAccess(exchange_);
  }
  std::string AfterBody(const char* config, const char* type, const char* body) {
    exchange_.request_headers = {{"Content-Type", type}};
    exchange_.body = body;
    exchange_.new_body.reset();
    exchange_.answer.reset();
    Run(config);
    return exchange_.new_body.value_or("unchanged");
  }
  // The body that the client gets, in two pieces from the upstream.
  std::string Response(const char* config, const std::string& body) {
    const auto plugin = env_.Make("response-transformer", Json::parse(config));
    test::FakeExchange exchange;
    exchange.response_headers = {{"Content-Type", "application/json; charset=utf-8"}};
    plugin->OnHeaderFilter(exchange);
    if (!plugin->WantsBody(exchange)) return body;
    std::string first = body.substr(0, body.size() / 2), second = body.substr(body.size() / 2);
    plugin::BodyChunk one{&first, false}, two{&second, true};
    plugin->OnBodyFilter(exchange, one);
    EXPECT_EQ(first, "");
    plugin->OnBodyFilter(exchange, two);
    return exchange.aborted ? "aborted" : second;
  }

  test::FakeEnv env_;
  test::FakeExchange exchange_;
  std::unique_ptr<lua::Sandbox> sandbox_;
};

TEST_F(TransformerTest, HeadersGoThroughAllActions) {
  exchange_.request_headers = {{"X-Gone", "1"}, {"x-old", "a"}, {"X-OLD", "b"},    {"X-Rep", "r"},
                               {"X-Have", "y"}, {"X-App", "z"}, {"Host", "a.test"}};
  Run(R"j({"remove": {"headers": ["x-gone"]}, "rename": {"headers": ["X-Old:X-New"]},
          "replace": {"headers": ["X-Rep:new", "X-None:no", "Host:up.test"]},
          "add": {"headers": ["X-Add:one:two", "X-Have:no", "Host:no"]},
          "append": {"headers": ["X-App:a", "X-App:b"]}})j");
  EXPECT_EQ(exchange_.RequestHeaderValues("x-gone").size(), 0u);
  EXPECT_EQ(exchange_.RequestHeaderValues("x-old").size(), 0u);
  EXPECT_EQ(exchange_.RequestHeaderValues("x-new").size(), 2u);
  EXPECT_EQ(exchange_.Header("X-Rep"), "new");
  EXPECT_EQ(exchange_.Header("X-None"), "");
  EXPECT_EQ(exchange_.Header("Host"), "up.test");
  EXPECT_EQ(exchange_.Header("X-Add"), "one:two");
  EXPECT_EQ(exchange_.RequestHeaderValues("X-Have").size(), 1u);
  EXPECT_EQ(exchange_.RequestHeaderValues("X-App").size(), 3u);
}

TEST_F(TransformerTest, QueriesGoThroughAllActions) {
  exchange_.query = "gone&old=1&rep&app=a&app=b&c=%20+";
  Run(R"j({"remove": {"querystring": ["gone"]}, "rename": {"querystring": ["old:new", "none:c2"]},
          "replace": {"querystring": ["rep:n w"]}, "add": {"querystring": ["add:1", "c:no"]},
          "append": {"querystring": ["app:c"]}})j");
  EXPECT_EQ(exchange_.query, "add=1&app=a&app=b&app=c&c=%20%20&new=1&rep=n%20w");
  exchange_.query = "a=1";
  Run(R"j({"rename": {"querystring": ["b:a"]}})j");
  EXPECT_EQ(exchange_.query, "");
}

TEST_F(TransformerTest, BodiesAreChangedByTheirKind) {
  const char* all = R"j({"remove": {"body": ["gone"]}, "rename": {"body": ["old:new"]},
      "replace": {"body": ["rep:R"]}, "add": {"body": ["add:A"]}, "append": {"body": ["app:Z"]}})j";
  const char* json = "application/json";
  EXPECT_EQ(AfterBody(all, json, R"j({"gone":1,"old":5,"rep":null,"app":"a","add":false})j"),
            R"j({"add":"A","app":["a","Z"],"new":5,"rep":"R"})j");
  EXPECT_EQ(AfterBody(all, json, R"j({"app":{"x":1},"new":2})j"),
            R"j({"add":"A","app":{"1":"Z","x":1}})j");
  EXPECT_EQ(AfterBody(all, json, "[1,2]"), "[1,2]");
  EXPECT_EQ(AfterBody(all, json, "not json"), "unchanged");
  EXPECT_EQ(AfterBody(all, json, ""), R"j({"add":"A","app":["Z"]})j");
  EXPECT_EQ(AfterBody(all, "text/plain", "{}"), "unchanged");
  EXPECT_EQ(AfterBody(all, "application/x-www-form-urlencoded", "gone=1&old=2&rep&app=1"),
            "add=A&app=1&app=Z&new=2&rep=R");
  EXPECT_EQ(AfterBody(all, json, "null"), "unchanged");
  EXPECT_EQ(exchange_.answer->status, 400);
}

TEST_F(TransformerTest, BodiesThatNoRuleTouchesKeepTheirSpelling) {
  constexpr char kRules[] = R"({"replace": {"body": ["no:1"]}, "add": {"body": ["a:2"]}})";
  EXPECT_EQ(AfterBody(kRules, "application/json", "{\"a\" : 1}"), "unchanged");
  EXPECT_EQ(AfterBody(kRules, "application/x-www-form-urlencoded", "b=%41&a"), "unchanged");
}

TEST_F(TransformerTest, TemplatesSeeTheRequest) {
  exchange_.request_headers = {{"X-In", "hey"}};
  exchange_.query = "q=5&q=6";
  exchange_.captures = {{"uid", "42"}, {"0", "/user/42"}, {"1", "42"}};
  Run(R"j({"add": {"headers": ["A:$(uri_captures.uid)", "B:$(uri_captures[0])$(uri_captures[1])",
          "C:a-$(1+2)-b", "D:$(headers.x_in or 'none')", "E:$(headers['nope'])",
          "F:$(type(query_params.q))$(query_params.q[2])", "G:$(shared.nothing)", "H:$(1+"]
}
, "replace" : { "uri" : "/v2/$(uri_captures.uid)" }
})j");
  EXPECT_EQ(exchange_.Header("A"), "42");
  EXPECT_EQ(exchange_.Header("B"), "/user/4242");
  EXPECT_EQ(exchange_.Header("C"), "a-3-b");
  EXPECT_EQ(exchange_.Header("D"), "hey");
  EXPECT_TRUE(exchange_.RequestHeader("E"));
  EXPECT_EQ(exchange_.Header("F"), "table6");
  EXPECT_EQ(exchange_.Header("H"), "$(1+");
  EXPECT_EQ(exchange_.path, "/v2/42");
}

TEST_F(TransformerTest, TemplatesThatFailEndTheRequest) {
  for (const char* value :
       {"$(nothing.at.all)", "$(os.time())", "$(1 1)", "$((function() while true do end end)())"}) {
    exchange_.answer.reset();
    Run(Json{{"add", {{"headers", {std::string("X:") + value}}}}}.dump().c_str());
    ASSERT_TRUE(exchange_.answer) << value;
    EXPECT_EQ(exchange_.answer->status, 500);
  }
  Use("off");
  EXPECT_FALSE(Request(R"j({"add": {"headers": ["X:$(1)"]
}
})j"));
  Run(R"j({"add": {"headers": ["X:1"]}})j");
  EXPECT_EQ(exchange_.Header("X"), "1");
  Use("on");
  Run(R"j({"add": {"headers": ["Y:$(string.rep('a', 3))"]
  }
  })j");
  EXPECT_EQ(exchange_.Header("Y"), "aaa");
}

TEST_F(TransformerTest, MethodsMayMoveAFormIntoTheQuery) {
  exchange_.method = "POST";
  exchange_.query = "b=0";
  AfterBody(R"j({"http_method": "get"})j", "application/x-www-form-urlencoded", "a=1&b=2");
  EXPECT_EQ(exchange_.method, "GET");
  EXPECT_EQ(exchange_.query, "a=1&b=0&b=2");
  for (const char* method : {"CUSTOM", "HEAD"}) {
    exchange_.answer.reset();
    Run((R"j({"http_method": ")j" + std::string(method) + R"j("})j").c_str());
    EXPECT_EQ(exchange_.answer->status, 500) << method;
  }
}

TEST_F(TransformerTest, ResponseHeadersAreChanged) {
  const auto plugin = env_.Make("response-transformer", Json::parse(R"j({
      "remove": {"headers": ["X-Gone"]}, "rename": {"headers": ["X-Old:X-New"]},
      "replace": {"headers": ["X-Rep:r", "X-None:r"]}, "add": {"headers": ["X-Gone:no", "X-Add:1"]},
      "append": {"headers": ["X-App:z", "X-App:y"]}})j"));
  exchange_.response_headers = {
      {"x-gone", "1"}, {"x-old", "o"}, {"x-rep", "1"}, {"x-rep", "2"}, {"x-app", "a"}};
  plugin->OnHeaderFilter(exchange_);
  EXPECT_EQ(exchange_.Response("X-Gone"), "");
  EXPECT_EQ(exchange_.Response("X-New"), "o");
  EXPECT_EQ(exchange_.ResponseHeaderValues("X-Rep").size(), 1u);
  EXPECT_EQ(exchange_.Response("X-Add"), "1");
  EXPECT_EQ(exchange_.ResponseHeaderValues("X-App").size(), 3u);
  EXPECT_FALSE(exchange_.aborted);
  exchange_.response_headers = {{"x-old", "1"}, {"x-old", "2"}};
  plugin->OnHeaderFilter(exchange_);
  EXPECT_TRUE(exchange_.aborted);
}

TEST_F(TransformerTest, ResponseFieldsAreChanged) {
  const std::string body = R"j({"a":"1","b":{"c":2},"d":"x"})j";
  EXPECT_EQ(Response(R"j({"remove": {"json": ["b", "d"]}})j", body), R"j({"a":"1"})j");
  EXPECT_EQ(Response(R"j({"replace": {"json": ["a:5", "d:true", "z:1", "b:x"],
                         "json_types": ["number", "boolean"]}})j",
                     body),
            R"j({"a":5,"b":"x","d":true})j");
  EXPECT_EQ(Response(R"j({"add": {"json": ["e:n", "a:no", "f:q"],
                         "json_types": ["string", "string", "number"]}})j",
                     body),
            R"j({"a":"1","b":{"c":2},"d":"x","e":"n"})j");
  EXPECT_EQ(Response(R"j({"append": {"json": ["d:y", "f:z"]}})j", body),
            R"j({"a":"1","b":{"c":2},"d":["x","y"],"f":["z"]})j");
  EXPECT_EQ(Response(R"j({"remove": {"json": ["a"]}})j", "{\"a\":"), "aborted");
  EXPECT_EQ(Response(R"j({"remove": {"json": ["a"]}})j", "[{\"a\":1}]"), "[{\"a\":1}]");
  EXPECT_EQ(Response(R"j({"add": {"headers": ["a:1"]}})j", "{\"a\":"), "{\"a\":");
}

TEST(Rules, AreNamesAndValues) {
  EXPECT_EQ(ParseRule("a").value, "");
  EXPECT_EQ(ParseRule("a:").value, "");
  EXPECT_EQ(ParseRule("a::b:c").value, "b:c");
}

TEST(MultipartForms, KeepWhatIsNotChanged) {
  const std::string file =
      "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\nX: y\r\n\r\nhe\r\nllo"
      "\r\n";
  const std::string body =
      "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n" + file + "--B--\r\n";
  MultipartForm form(body, "multipart/form-data; boundary=B");
  EXPECT_EQ(form.Text(), body);
  EXPECT_EQ(form.Value("f"), "he\r\nllo");
  form.Remove("a");
  EXPECT_EQ(form.Text(), file + "--B--\r\n");
  form.Set("n\"\r\n", "1");
  EXPECT_EQ(form.Text(), file +
                             "--B\r\nContent-Disposition: form-data; name=\"n%22%0D%0A\"\r\n\r\n1"
                             "\r\n--B--\r\n");
  EXPECT_EQ(MultipartForm("--B\r\nno end", "multipart/form-data; boundary=B").Text(), "--B--\r\n");
}

}  // namespace
}  // namespace silverback::plugins
