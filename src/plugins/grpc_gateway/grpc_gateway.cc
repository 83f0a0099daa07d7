#include "plugins/grpc_gateway/grpc_gateway.h"

#include <algorithm>
#include <charconv>

#include "plugin/answers.h"
#include "plugin/body_args.h"
#include "plugins/grpc/frames.h"
#include "plugins/grpc/proto_file.h"
#include "plugins/grpc/with_body.h"
#include "plugins/grpc_gateway/path_template.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

struct Endpoint {
  std::string http_method;
  PathTemplate path;
  std::string body;
  std::string rpc;
};

struct Call {
  const Endpoint* endpoint = nullptr;  // null: the request is not ours
  Json payload = Json::object();
  std::string pending;  // of the response: no whole frame yet
};

// The HTTP status that a call's end is told by; nullopt for numbers that gRPC does not have.
std::optional<int> StatusFor(std::string_view grpc_status) {
  constexpr int kStatuses[] = {200, 499, 500, 400, 504, 404, 409, 403, 429,
                               400, 409, 400, 500, 500, 503, 500, 401};
  size_t number = 0;
  const auto [end, error] =
      std::from_chars(grpc_status.data(), grpc_status.data() + grpc_status.size(), number);
  if (error != std::errc()) return std::nullopt;
  return number < std::size(kStatuses) ? kStatuses[number] : 500;
}

// "a.b" names a member of a member.
void Put(Json& payload, std::string_view path, Json value) {
  Json* at = &payload;
  const auto parts = Split(path, '.');
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    Json& member = (*at)[std::string(parts[i])];
    if (!member.is_object()) member = Json::object();
    at = &member;
  }
  (*at)[std::string(parts.back())] = std::move(value);
}

class GrpcGateway final : public plugin::Plugin {
 public:
  GrpcGateway(std::shared_ptr<const ProtoFile> proto, plugin::PluginEnv& env)
      : env_(env), proto_(std::move(proto)) {
    if (!proto_) return;
    for (const RpcMethod& method : proto_->methods()) {
      for (const HttpBinding& binding : method.bindings) {
        endpoints_.push_back(
            {binding.method, PathTemplate(binding.path), binding.body, method.path});
      }
    }
  }

  Next OnAccess(Exchange& exchange) const override {
    exchange.SetResponseHeader("Access-Control-Allow-Origin", "*");
    if (exchange.Method() == "OPTIONS") {
      return plugin::RespondRaw(exchange, 200, "OK",
                                {{"Content-Type", "application/json"},
                                 {"Access-Control-Allow-Methods", "GET,POST,PATCH,DELETE"},
                                 {"Access-Control-Allow-Headers", "content-type"}});
    }
    if (!proto_)
      return Refuse(exchange, "transcoding requests require a .proto file defining the service");
    const std::string problem = Find(exchange);
    if (!problem.empty()) return Refuse(exchange, "failed to transcode .proto file " + problem);
    return WithBody(exchange, [this, &exchange](std::optional<std::string_view> body) {
      return body ? Send(exchange, *body)
                  : Refuse(exchange, "the request is too large to be transcoded");
    });
  }

  void OnHeaderFilter(Exchange& exchange) const override {
    if (!IsOurs(exchange)) return;
    exchange.SetResponseHeader("Content-Type", "application/json");
    const auto ended = exchange.ResponseHeader("grpc-status");
    const auto status = ended ? StatusFor(*ended) : std::nullopt;
    if (status) exchange.SetResponseStatus(*status);
  }

  bool WantsBody(Exchange& exchange) const override { return IsOurs(exchange); }

  void OnBodyFilter(Exchange& exchange, plugin::BodyChunk& chunk) const override {
    Call& call = exchange.Slot<Call>(this);
    call.pending += *chunk.data;
    chunk.data->clear();
    while (const auto message = TakeFrame(call.pending)) {
      const auto json = proto_->Response(call.endpoint->rpc, *message);
      if (json) {
        *chunk.data += DumpJson(*json);
      } else {
        env_.log.Log(plugin::LogLevel::kError, "[grpc-gateway] " + json.error().message());
      }
    }
    // What is no frame is not kept from the client.
    if (chunk.last) *chunk.data += std::exchange(call.pending, {});
  }

 private:
  Next Refuse(Exchange& exchange, const std::string& why) const {
    env_.log.Log(plugin::LogLevel::kError, "[grpc-gateway] " + why);
    exchange.Slot<Call>(this).endpoint = nullptr;
    return plugin::RespondRaw(exchange, 400, why);
  }

  bool IsOurs(Exchange& exchange) const {
    return exchange.Slot<Call>(this).endpoint != nullptr &&
           exchange.Source() == plugin::ResponseSource::kService;
  }

  // Keeps the endpoint that the request is for; gives what is wrong when there is none.
  std::string Find(Exchange& exchange) const {
    const std::string method = ToLower(exchange.Method());
    const std::string_view target = exchange.RawTarget();
    const std::string_view path = target.substr(0, target.find('?'));
    bool known = false;
    for (const Endpoint& endpoint : endpoints_) {
      if (endpoint.http_method != method) continue;
      known = true;
      const auto variables = endpoint.path.Match(path);
      if (!variables) continue;
      Call& call = exchange.Slot<Call>(this);
      call.endpoint = &endpoint;
      for (const auto& [name, value] : *variables) Put(call.payload, name, value);
      return "";
    }
    return known ? fmt::format("Unknown path \"{}\"", path)
                 : fmt::format("Unknown method \"{}\"", method);
  }

  Next Send(Exchange& exchange, std::string_view body) const {
    Call& call = exchange.Slot<Call>(this);
    if (call.endpoint->body.empty()) {
      const Json query = plugin::QueryArguments(exchange.RawQuery());
      for (const auto& [name, value] : query.items()) Put(call.payload, name, value);
    } else if (!body.empty()) {
      const auto json = ParseJson(body);
      if (!json) return Refuse(exchange, "body must be JSON");
      if (call.endpoint->body != "*") {
        call.payload[call.endpoint->body] = *json;
      } else if (json->is_object()) {
        call.payload.update(*json);
      } else {
        return Refuse(exchange, "body must be a table");
      }
    }
    const auto message = proto_->Request(call.endpoint->rpc, call.payload);
    if (!message) return Refuse(exchange, message.error().message());
    exchange.SetRequestHeader("Content-Type", "application/grpc");
    exchange.SetRequestHeader("TE", "trailers");
    exchange.SetRequestBody(Frame(0, *message));
    exchange.SetUpstreamPath(call.endpoint->rpc);
    exchange.SetRawQuery("");
    exchange.SetMethod("POST");
    return Next::kContinue;
  }

  plugin::PluginEnv& env_;
  const std::shared_ptr<const ProtoFile> proto_;
  std::vector<Endpoint> endpoints_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  std::shared_ptr<const ProtoFile> proto;
  const std::string file = StringMember(instance.config, "proto");
  if (!file.empty()) {
    auto loaded = ProtoFile::Load(file);
    if (!loaded) return loaded.error();
    proto = *std::move(loaded);
  }
  return std::unique_ptr<plugin::Plugin>(new GrpcGateway(std::move(proto), env));
}

}  // namespace

const plugin::PluginType kGrpcGateway = {
    "grpc-gateway", 998, "0.2.0", plugin::kAccess | plugin::kHeaderFilter | plugin::kBodyFilter,
    Create};

}  // namespace silverback::plugins
