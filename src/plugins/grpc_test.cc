// grpc-web and grpc-gateway.
#include <gtest/gtest.h>

#include <fstream>

#include "plugins/grpc/frames.h"
#include "plugins/grpc/proto_file.h"
#include "plugins/grpc_gateway/path_template.h"
#include "support/fake_env.h"
#include "support/fake_exchange.h"

namespace silverback::plugins {
namespace {

using plugin::Next;

constexpr char kProto[] = R"(syntax = "proto3";
package t;
import "google/api/annotations.proto";
enum Kind { NONE = 0; BIG = 1; }
message Inner { string text = 1; }
message Thing {
  string name = 1; int64 count = 2; bool on = 3; Kind kind = 4; repeated string tags = 5;
  Inner inner = 6; map<string, int32> scores = 7; double ratio = 8; bytes raw = 9;
  oneof choice { string left = 10; string right = 11; }
}
service Things {
  rpc Get(Thing) returns (Thing) {
    option (google.api.http) = { get: "/v1/things/{name}" additional_bindings { get: "/v1/{name=all/**}" } };
  }
  rpc Make(Thing) returns (Thing) { option (google.api.http) = { post: "/v1/things" body: "*" }; }
  rpc Put(Thing) returns (Thing) { option (google.api.http) = { put: "/v1/{inner.text}:put" body: "inner" }; }
}
)";

class GrpcTest : public ::testing::Test {
 protected:
  GrpcTest() : path_(::testing::TempDir() + "/things.proto") {
    std::ofstream(path_) << kProto;
    auto loaded = ProtoFile::Load(path_);
    EXPECT_TRUE(loaded) << loaded.error().message();
    if (loaded) proto_ = *loaded;
  }
  std::string Bytes(const Json& json) { return *proto_->Request("/t.Things/Get", json); }
  Json Message(std::string frame) { return *proto_->Response("/t.Things/Get", *TakeFrame(frame)); }
  void Access(const plugin::Plugin& plugin, const std::string& method, const std::string& path,
              const std::string& body = "", const std::string& query = "") {
    exchange_ = std::make_unique<test::FakeExchange>();
    exchange_->method = method;
    exchange_->path = path;
    exchange_->body = body;
    exchange_->query = query;
    if (!type_.empty()) exchange_->request_headers = {{"Content-Type", type_}};
    plugin.OnAccess(*exchange_);
  }
  std::string Answer(const plugin::Plugin& plugin, const std::string& bytes) {
    plugin.OnHeaderFilter(*exchange_);
    std::string out, first = bytes.substr(0, 3), second = bytes.substr(3);
    plugin::BodyChunk one{&first, false}, two{&second, true};
    plugin.OnBodyFilter(*exchange_, one);
    plugin.OnBodyFilter(*exchange_, two);
    return first + second;
  }

  const std::string path_;
  std::shared_ptr<const ProtoFile> proto_;
  std::string type_;
  test::FakeEnv env_;
  std::unique_ptr<test::FakeExchange> exchange_;
};

TEST(Frames, AreTakenWhole) {
  std::string bytes = Frame(0, "ab") + Frame(kTrailerFrame, "") + "\0\0\0";
  EXPECT_EQ(bytes.substr(0, 7), std::string("\0\0\0\0\2ab", 7));
  EXPECT_EQ(TakeFrame(bytes), "ab");
  EXPECT_EQ(TakeFrame(bytes), "");
  EXPECT_FALSE(TakeFrame(bytes));
}

TEST_F(GrpcTest, MessagesKeepWhatJsonSays) {
  const Json all = Json::parse(R"({"name":"n","count":12345678901,"on":true,"kind":"BIG",
      "tags":["a","b"],"inner":{"text":"t"},"scores":{"x":1},"ratio":1.5,"raw":"r","left":"l"})");
  EXPECT_EQ(Message(Frame(0, Bytes(all))), all);
  EXPECT_EQ(Message(Frame(0, "")),
            Json::parse(R"({"name":"","count":0,"on":false,"kind":"NONE","ratio":0.0,"raw":""})"));
  const Json loose = Json::parse(R"({"count":"7","on":"true","kind":1,"tags":"a","unknown":1})");
  const Json read = Message(Frame(0, Bytes(loose)));
  EXPECT_EQ(read["count"], 7);
  EXPECT_EQ(read["kind"], "BIG");
  EXPECT_EQ(read["tags"], Json::parse(R"(["a"])"));
  for (const char* bad : {R"({"count":"x"})", R"({"kind":"HUGE"})", R"({"inner":5})", "[]",
                          R"({"name":{}})", R"({"scores":[1]})"}) {
    EXPECT_FALSE(proto_->Request("/t.Things/Get", Json::parse(bad))) << bad;
  }
  EXPECT_FALSE(proto_->Response("/t.Things/Get", "\xff"));
}

TEST_F(GrpcTest, FilesThatAreNoneAreRefused) {
  EXPECT_FALSE(ProtoFile::Load("/none.proto"));
  EXPECT_FALSE(env_.Make("grpc-web", {{"proto", "/none.proto"}}));
  const std::string broken = ::testing::TempDir() + "/broken.proto";
  std::ofstream(broken) << "message {";
  EXPECT_FALSE(ProtoFile::Load(broken));
}

TEST(PathTemplates, CatchTheirVariables) {
  const auto caught = [](const char* text, const char* path) {
    const auto found = PathTemplate(text).Match(path);
    if (!found) return std::string("no");
    std::string all;
    for (const auto& [name, value] : *found) all += name + "=" + value + ";";
    return all;
  };
  EXPECT_EQ(caught("/v1/{name}", "/v1/a%20b"), "name=a b;");
  EXPECT_EQ(caught("/v1/{name}", "/v1/a/b"), "no");
  EXPECT_EQ(caught("/v1/{name=x/*}/{id}:do", "/v1/x/1/2:do"), "name=x/1;id=2;");
  EXPECT_EQ(caught("/v1/{rest=**}", "/v1/a/b.c"), "rest=a/b.c;");
  EXPECT_EQ(caught("/v1/a.b", "/v1/axb"), "no");
}

TEST_F(GrpcTest, RestCallsBecomeRpcs) {
  const auto plugin = env_.Make("grpc-gateway", {{"proto", path_}});
  Access(*plugin, "GET", "/v1/things/n1", "", "count=3&inner.text=t&tags=a&tags=b");
  EXPECT_EQ(exchange_->method + exchange_->path + exchange_->query, "POST/t.Things/Get");
  EXPECT_EQ(exchange_->Header("content-type"), "application/grpc");
  Json sent = Message(*exchange_->new_body);
  EXPECT_EQ(sent["name"], "n1");
  EXPECT_EQ(sent["count"], 3);
  EXPECT_EQ(sent["inner"]["text"], "t");
  EXPECT_EQ(sent["tags"].size(), 2u);
  EXPECT_EQ(Json::parse(Answer(*plugin, Frame(0, Bytes({{"name", "got"}}))))["name"], "got");
  EXPECT_EQ(exchange_->Response("content-type"), "application/json");
  Access(*plugin, "GET", "/v1/all/a/b");
  EXPECT_EQ(Message(*exchange_->new_body)["name"], "all/a/b");
  Access(*plugin, "POST", "/v1/things", R"({"name":"m"})");
  EXPECT_EQ(exchange_->path, "/t.Things/Make");
  Access(*plugin, "PUT", "/v1/x:put", R"({"text":"y"})");
  EXPECT_EQ(Message(*exchange_->new_body)["inner"]["text"], "y");
}

TEST_F(GrpcTest, RestCallsThatFitNothingAreRefused) {
  const auto plugin = env_.Make("grpc-gateway", {{"proto", path_}});
  Access(*plugin, "GET", "/none");
  EXPECT_EQ(exchange_->answer->body, "failed to transcode .proto file Unknown path \"/none\"");
  Access(*plugin, "DELETE", "/none");
  EXPECT_EQ(exchange_->answer->body, "failed to transcode .proto file Unknown method \"delete\"");
  Access(*plugin, "POST", "/v1/things", "[1]");
  EXPECT_EQ(exchange_->answer->status, 400);
  Access(*plugin, "POST", "/v1/things", "{");
  EXPECT_EQ(exchange_->answer->status, 400);
  Access(*plugin, "GET", "/v1/things/n");
  exchange_->response_headers = {{"grpc-status", "5"}};
  plugin->OnHeaderFilter(*exchange_);
  EXPECT_EQ(exchange_->status, 404);
}

TEST_F(GrpcTest, BrowsersCallInAllEncodings) {
  const auto plugin = env_.Make("grpc-web", {{"proto", path_}, {"allow_origin_header", "*"}});
  const std::string message = Frame(0, Bytes({{"name", "n"}}));
  type_ = "application/grpc-web+proto";
  Access(*plugin, "POST", "/t.Things/Get", message);
  EXPECT_EQ(exchange_->new_body, message);
  const std::string trailer = Frame(kTrailerFrame, "grpc-status:0\r\ngrpc-message:\r\n");
  EXPECT_EQ(Answer(*plugin, message), message + trailer);
  EXPECT_EQ(exchange_->Response("content-type"), type_);
  type_ = "application/grpc-web-text";
  const std::string half = Base64Encode(message.substr(0, 4));
  Access(*plugin, "POST", "/t.Things/Get", half + Base64Encode(message.substr(4)));
  EXPECT_EQ(exchange_->new_body, message);
  type_ = "application/json";
  Access(*plugin, "POST", "/t.Things/Get", R"({"name":"n"})");
  EXPECT_EQ(exchange_->new_body, message);
  EXPECT_EQ(Json::parse(Answer(*plugin, message))["name"], "n");
  Access(*plugin, "POST", "/t.Things/No", "{}");
  EXPECT_EQ(exchange_->answer->body, "Unkown path \"/t.Things/No\"");
  Access(*plugin, "POST", "/t.Things/Get", "no");
  EXPECT_EQ(exchange_->answer->status, 400);
}

TEST_F(GrpcTest, PreflightsAreAnswered) {
  const auto plugin = env_.Make("grpc-web", {{"allow_origin_header", "http://o"}});
  Access(*plugin, "OPTIONS", "/x");
  EXPECT_EQ(exchange_->answer->status, 200);
  EXPECT_EQ(exchange_->Response("Access-Control-Allow-Origin"), "http://o");
  Access(*plugin, "POST", "/x");
  EXPECT_EQ(exchange_->answer->body,
            "transcoding requests require a .proto file defining the service");
}

}  // namespace
}  // namespace silverback::plugins
