// aws-lambda and azure-functions.
#include <gtest/gtest.h>

#include "entity/model.h"
#include "plugins/aws_lambda/event.h"
#include "plugins/aws_lambda/json_error.h"
#include "plugins/aws_lambda/signature.h"
#include "support/fake_env.h"
#include "support/fake_exchange.h"

namespace silverback::plugins {
namespace {

using plugin::Next;

std::string HeaderIn(const plugin::Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (EqualsIgnoreCase(key, name)) return value;
  }
  return "";
}

class CloudTest : public ::testing::Test {
 protected:
  CloudTest() { exchange_.matched_service = &service_; }
  plugin::HttpReply Reply(int status, std::string body, plugin::Headers headers = {}) {
    return {.error = {}, .status = status, .headers = std::move(headers), .body = std::move(body)};
  }
  void Invoke(Json more, plugin::HttpReply reply) {
    Json config = {{"aws_key", "AK"},
                   {"aws_secret", "SK"},
                   {"aws_region", "eu-west-1"},
                   {"function_name", "fn"}};
    config.update(more);
    plugin_ = env_.Make("aws-lambda", config);
    exchange_.answer.reset();
    env_.http.sent.clear();
    EXPECT_EQ(plugin_->OnAccess(exchange_), Next::kSuspend);
    env_.http.Reply(std::move(reply));
  }

  test::FakeEnv env_;
  test::FakeExchange exchange_;
  entity::Service service_;
  std::unique_ptr<plugin::Plugin> plugin_;
};

// The example of AWS' documentation of signatures.
TEST(AwsSignatures, AreThoseOfAws) {
  aws::Signable request{
      .region = "us-east-1",
      .service = "service",
      .host = "example.amazonaws.com",
      .path = "/",
      .query = "",
      .body = "",
      .headers = {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}},
      .date = "20150830T123600Z"};
  EXPECT_EQ(
      aws::Authorization(request, {"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""}),
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
      "SignedHeaders=host;x-amz-date, Signature="
      "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

TEST_F(CloudTest, FunctionsAreInvoked) {
  exchange_.method = "POST";
  exchange_.query = "a=1";
  exchange_.request_headers = {{"Content-Type", "application/json"}};
  exchange_.body = R"({"b":[1]})";
  Invoke({{"qualifier", "v 1"}}, Reply(200, "ok", {{"X-A", "1"}, {"Content-Length", "2"}}));
  const plugin::HttpRequest& sent = env_.http.sent[0];
  EXPECT_EQ(sent.url,
            "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/fn/"
            "invocations?Qualifier=v%201");
  EXPECT_EQ(sent.body, R"({"a":"1","b":[1]})");
  EXPECT_EQ(HeaderIn(sent.headers, "X-Amz-Date"), "20231114T221320Z");
  EXPECT_NE(HeaderIn(sent.headers, "Authorization")
                .find("SignedHeaders=content-length;content-type;host;x-amz-date;"
                      "x-amz-invocation-type;x-amz-log-type;x-amz-target"),
            std::string::npos);
  EXPECT_EQ(exchange_.answer->body, "ok");
  EXPECT_EQ(exchange_.AnswerHeader("X-A"), "1");
  EXPECT_EQ(exchange_.AnswerHeader("Content-Length"), "");
  EXPECT_TRUE(exchange_.resumed_with_answer);
}

TEST_F(CloudTest, EventsTellWhatIsAsked) {
  exchange_.request_headers = {{"Content-Type", "application/x"}, {"X-M", "1"}, {"X-M", "2"}};
  exchange_.body = "raw";
  const Json all = {{"forward_request_method", true},
                    {"forward_request_uri", true},
                    {"forward_request_headers", true},
                    {"forward_request_body", true}};
  Json event = aws::EventFor(exchange_, aws::EventSettings(all), exchange_.body, "id");
  EXPECT_EQ(event["request_method"], "GET");
  EXPECT_EQ(event["request_headers"]["x-m"], Json::parse(R"(["1","2"])"));
  EXPECT_EQ(event["request_body"], "cmF3");
  EXPECT_EQ(event["request_body_base64"], true);
  exchange_.captures = {{"id", "7"}, {"0", "/7"}};
  exchange_.query = "a=1&a=2";
  event = aws::EventFor(exchange_, aws::EventSettings(Json{{"awsgateway_compatible", true}}),
                        exchange_.body, "id");
  EXPECT_EQ(event["headers"]["x-m"], "1");
  EXPECT_EQ(event["multiValueQueryStringParameters"]["a"], Json::parse(R"(["1","2"])"));
  EXPECT_EQ(event["pathParameters"], Json::parse(R"({"id":"7"})"));
  EXPECT_EQ(event["isBase64Encoded"], true);
  EXPECT_EQ(event["requestContext"]["requestId"], "id");
}

TEST_F(CloudTest, AnswersOfProxiesAreTakenApart) {
  const Json proxy = {{"is_proxy_integration", true}};
  Invoke(proxy, Reply(200, R"({"statusCode":201,"headers":{"X-A":"1"},"body":"aGk=",
                               "isBase64Encoded":true,"multiValueHeaders":{"X-M":["1","2"]}})"));
  EXPECT_EQ(exchange_.answer->status, 201);
  EXPECT_EQ(exchange_.answer->body, "hi");
  EXPECT_EQ(exchange_.AnswerHeader("X-M"), "1");
  for (const char* bad :
       {"{}", R"({"statusCode":"200"})", R"({"statusCode":200,"headers":5})",
        R"({"statusCode":200,"body":{}})", "no json", R"({"statusCode":200,"body":null})",
        R"({"statusCode":200,"headers":null})"}) {
    Invoke(proxy, Reply(200, bad));
    EXPECT_EQ(exchange_.answer->status, 502) << bad;
  }
  Invoke(proxy, Reply(200, R"({"statusCode":1000})"));
  EXPECT_EQ(exchange_.answer->status, 500);
  Invoke({{"unhandled_status", 412}}, Reply(200, "", {{"X-Amz-Function-Error", "Unhandled"}}));
  EXPECT_EQ(exchange_.answer->status, 412);
  Invoke(Json::object(), {.error = "refused", .status = 0, .headers = {}, .body = {}});
  EXPECT_EQ(exchange_.answer->status, 500);
}

TEST(LambdaAnswers, AreDescribedWhereTheyAreNoJson) {
  for (const auto& [text, message] : std::initializer_list<std::pair<const char*, const char*>>{
           {"", "Expected value but found T_END at character 1"},
           {"no json", "Expected value but found invalid token at character 1"},
           {" {", "Expected object key string but found T_END at character 3"},
           {"{\"a\" 1}", "Expected colon but found T_NUMBER at character 6"},
           {"{\"a\":1", "Expected comma or object end but found T_END at character 7"},
           {"[1,]", "Expected value but found T_ARR_END at character 4"},
           {"[1 2]", "Expected comma or array end but found T_NUMBER at character 4"},
           {"{\"a\":[{}, tru]}", "Expected value but found invalid token at character 11"},
           {"[] x", "Expected the end but found invalid token at character 4"},
           {"[\"a", "Expected value but found unexpected end of string at character 2"},
           {"[\"\\x\"]", "Expected value but found invalid escape code at character 2"}}) {
    EXPECT_EQ(aws::DescribeJsonError(text), message) << text;
  }
  EXPECT_EQ(aws::DescribeJsonError(std::string(1001, '[')),
            "Found too many nested data structures (1001)");
}

TEST_F(CloudTest, BodiesOnDiskAreReadWhereTheyAreNotSkipped) {
  const Json all = {{"forward_request_body", true}, {"base64_encode_body", false}};
  exchange_.body = "large";
  exchange_.spilled = true;
  for (const bool skip : {true, false}) {
    Json config = all;
    config["skip_large_bodies"] = skip;
    Invoke(config, Reply(200, ""));
    EXPECT_EQ(Json::parse(env_.http.sent[0].body)["request_body"], skip ? "" : "large");
  }
}

TEST_F(CloudTest, AResourceIsThePathThatMatched) {
  entity::Route route;
  exchange_.matched_route = &route;
  const aws::EventSettings settings(Json{{"awsgateway_compatible", true}});
  const auto event = [&] { return aws::EventFor(exchange_, settings, "", "id"); };
  exchange_.path = "/a/b/c";
  route.row = {{"paths", nullptr}};
  EXPECT_FALSE(event().contains("resource"));
  route.row = {{"paths", {"/x", "/a", "/a/b", "/a/(?<v>.*)"}}};
  EXPECT_EQ(event()["resource"], "/a/b");
  route.row = {{"paths", {"/x/(?<v>.*)"}}};
  EXPECT_EQ(event()["resource"], "/x/(?<v>.*)");
}

TEST_F(CloudTest, RolesHaveKeys) {
  const auto plugin = env_.Make("aws-lambda", {{"aws_region", "r"}, {"function_name", "fn"}});
  plugin->OnAccess(exchange_);
  EXPECT_EQ(env_.http.sent[0].url,
            "http://169.254.169.254/latest/meta-data/iam/security-credentials/");
  env_.http.Reply(Reply(200, "role\n"));
  EXPECT_TRUE(env_.http.sent[1].url.ends_with("/role"));
  env_.http.Reply(Reply(200, R"({"AccessKeyId":"RK","SecretAccessKey":"S","Token":"T",
                                 "Expiration":"2030-01-01T00:00:00Z"})"));
  EXPECT_EQ(HeaderIn(env_.http.sent[2].headers, "X-Amz-Security-Token"), "T");
  env_.http.Reply(Reply(200, "1"));
  // They are kept.
  test::FakeExchange again;
  plugin->OnAccess(again);
  EXPECT_EQ(env_.http.sent.size(), 4u);
  env_.http.Reply(Reply(200, "2"));
  EXPECT_EQ(again.answer->body, "2");
}

TEST_F(CloudTest, WithoutRegionOrHostNothingIsInvoked) {
  const auto plugin = env_.Make("aws-lambda", {{"aws_key", "k"}, {"aws_secret", "s"}});
  EXPECT_EQ(plugin->OnAccess(exchange_), Next::kRespond);
  EXPECT_EQ(exchange_.answer->status, 500);
}

TEST_F(CloudTest, AzureGetsTheRequest) {
  const auto plugin = env_.Make("azure-functions", {{"appname", "app"},
                                                    {"functionname", "/fn/"},
                                                    {"routeprefix", "api"},
                                                    {"apikey", "K"},
                                                    {"clientid", "C"}});
  exchange_.method = "PUT";
  exchange_.path = "/x";
  exchange_.query = "q=1";
  exchange_.body = "b";
  exchange_.request_headers = {{"X-H", "1"}, {"Host", "a"}, {"Connection", "close"}};
  plugin->OnAccess(exchange_);
  const plugin::HttpRequest& sent = env_.http.sent[0];
  EXPECT_EQ(sent.url, "https://app.azurewebsites.net/api/fn/x?q=1");
  EXPECT_EQ(sent.method + sent.body, "PUTb");
  EXPECT_EQ(HeaderIn(sent.headers, "x-functions-key"), "K");
  EXPECT_EQ(HeaderIn(sent.headers, "X-H"), "1");
  EXPECT_EQ(HeaderIn(sent.headers, "Host") + HeaderIn(sent.headers, "Connection"), "");
  env_.http.Reply(Reply(404, "none", {{"X-R", "r"}}));
  EXPECT_EQ(exchange_.answer->status, 404);
  EXPECT_EQ(exchange_.AnswerHeader("X-R"), "r");
  exchange_.matched_service = nullptr;
  EXPECT_EQ(plugin->OnAccess(exchange_), Next::kRespond);
}

}  // namespace
}  // namespace silverback::plugins
