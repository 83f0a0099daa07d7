#include "plugins/grpc_web/grpc_web.h"

#include "plugin/answers.h"
#include "plugins/grpc/frames.h"
#include "plugins/grpc/proto_file.h"
#include "plugins/grpc/with_body.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

// How a content type has its messages.
struct Encoding {
  std::string_view type;
  bool base64, framed, json;
};
constexpr Encoding kEncodings[] = {
    {"application/grpc-web", false, true, false},
    {"application/grpc-web+proto", false, true, false},
    {"application/grpc-web-text", true, true, false},
    {"application/grpc-web-text+proto", true, true, false},
    {"application/grpc-web+json", false, true, true},
    {"application/grpc-web-text+json", true, true, true},
    {"application/json", false, false, true},
};

const Encoding* EncodingOf(std::string_view type) {
  for (const Encoding& encoding : kEncodings) {
    if (encoding.type == type) return &encoding;
  }
  return nullptr;
}

// Texts that were encoded piece by piece have padding within.
std::optional<std::string> DecodePieces(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const size_t padding = text.find('=');
    const size_t end = padding == text.npos ? text.size() : text.find_first_not_of('=', padding);
    const auto piece = Base64Decode(text.substr(0, end));
    if (!piece) return std::nullopt;
    bytes += *piece;
    text.remove_prefix(std::min(end, text.size()));
  }
  return bytes;
}

struct Call {
  const Encoding* encoding = nullptr;  // null: the request is not ours
  std::string method;                  // of the .proto file, for JSON
  std::string pending;                 // of the response: no whole frame yet
};

class GrpcWeb final : public plugin::Plugin {
 public:
  GrpcWeb(const Json& config, std::shared_ptr<const ProtoFile> proto, plugin::PluginEnv& env)
      : env_(env),
        proto_(std::move(proto)),
        origin_(StringMember(config, "allow_origin_header")),
        stripped_(BoolMember(config, "pass_stripped_path")) {}

  Next OnAccess(Exchange& exchange) const override {
    if (!origin_.empty()) exchange.SetResponseHeader("Access-Control-Allow-Origin", origin_);
    if (exchange.Method() == "OPTIONS") return AllowCall(exchange);
    const std::string path(stripped_
                               ? exchange.UpstreamPath()
                               : exchange.RawTarget().substr(0, exchange.RawTarget().find('?')));
    const auto type = exchange.RequestHeader("content-type");
    const Encoding* encoding = EncodingOf(type.value_or(""));
    if (!encoding || encoding->json) {
      if (!proto_)
        return Refuse(exchange, "transcoding requests require a .proto file defining the service");
      if (!encoding) return Refuse(exchange, "unsupported content type");
      if (!proto_->Has(path)) return Refuse(exchange, "Unkown path \"" + path + "\"");
    }
    exchange.Slot<Call>(this) = {encoding, path, ""};
    if (stripped_) exchange.SetUpstreamPath(path);
    return WithBody(exchange, [this, &exchange](std::optional<std::string_view> body) {
      return body ? Send(exchange, *body)
                  : Refuse(exchange, "the request is too large to be transcoded");
    });
  }

  void OnHeaderFilter(Exchange& exchange) const override {
    const Call& call = exchange.Slot<Call>(this);
    if (call.encoding && exchange.Source() == plugin::ResponseSource::kService)
      exchange.SetResponseHeader("Content-Type", call.encoding->type);
  }

  bool WantsBody(Exchange& exchange) const override {
    return exchange.Slot<Call>(this).encoding != nullptr &&
           exchange.Source() == plugin::ResponseSource::kService;
  }

  void OnBodyFilter(Exchange& exchange, plugin::BodyChunk& chunk) const override {
    Call& call = exchange.Slot<Call>(this);
    const Encoding& encoding = *call.encoding;
    std::string out = encoding.json ? ToJson(call, *chunk.data) : *chunk.data;
    if (chunk.last && encoding.framed) out += Frame(kTrailerFrame, Trailers(exchange));
    *chunk.data = encoding.base64 ? Base64Encode(out) : out;
  }

 private:
  Next Refuse(Exchange& exchange, const std::string& why) const {
    env_.log.Log(plugin::LogLevel::kError, "[grpc-web] " + why);
    exchange.Slot<Call>(this).encoding = nullptr;
    return plugin::RespondRaw(exchange, 400, why);
  }

  static Next AllowCall(Exchange& exchange) {
    return plugin::RespondRaw(
        exchange, 200, "OK",
        {{"Content-Type", "application/grpc-web-text+proto"},
         {"Access-Control-Allow-Methods", "POST"},
         {"Access-Control-Allow-Headers", "content-type,x-grpc-web,x-user-agent"},
         {"grpc-status", "0"},
         {"grpc-message", "OK"}});
  }

  // The request as the service knows it.
  Next Send(Exchange& exchange, std::string_view body) const {
    const Call& call = exchange.Slot<Call>(this);
    auto bytes = call.encoding->base64 ? DecodePieces(body) : std::optional<std::string>(body);
    if (!bytes) return Refuse(exchange, "the body is not base64");
    if (call.encoding->json) {
      const auto text = call.encoding->framed ? TakeFrame(*bytes) : bytes;
      const auto json = text ? ParseJson(*text) : Error(ErrorCode::kInvalidInput, "no message");
      if (!json) return Refuse(exchange, "the body is not JSON");
      const auto message = proto_->Request(call.method, *json);
      if (!message) return Refuse(exchange, message.error().message());
      bytes = Frame(0, *message);
    }
    exchange.SetRequestHeader("Content-Type", "application/grpc");
    exchange.SetRequestHeader("TE", "trailers");
    exchange.SetRequestBody(*std::move(bytes));
    return Next::kContinue;
  }

  // The whole messages among what has come.
  std::string ToJson(Call& call, const std::string& chunk) const {
    call.pending += chunk;
    std::string out;
    while (const auto message = TakeFrame(call.pending)) {
      const auto json = proto_->Response(call.method, *message);
      if (!json) {
        env_.log.Log(plugin::LogLevel::kError, "[grpc-web] " + json.error().message());
        continue;
      }
      const std::string text = DumpJson(*json);
      out += call.encoding->framed ? Frame(0, text) : text;
    }
    return out;
  }

  // How the call ended stands in trailers, or, of a call without an answer, in headers.
  static std::string Trailers(const Exchange& exchange) {
    const auto find = [&](const std::string& name, const char* otherwise) {
      auto value = exchange.Variable("sent_trailer_" + ReplaceAll(name, "-", "_"));
      if (!value) {
        if (const auto header = exchange.ResponseHeader(name)) value = std::string(*header);
      }
      return value.value_or(otherwise);
    };
    return "grpc-status:" + find("grpc-status", "0") +
           "\r\ngrpc-message:" + find("grpc-message", "") + "\r\n";
  }

  plugin::PluginEnv& env_;
  const std::shared_ptr<const ProtoFile> proto_;
  const std::string origin_;
  const bool stripped_;
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
  return std::unique_ptr<plugin::Plugin>(new GrpcWeb(instance.config, std::move(proto), env));
}

}  // namespace

const plugin::PluginType kGrpcWeb = {
    "grpc-web", 3, "0.3.0", plugin::kAccess | plugin::kHeaderFilter | plugin::kBodyFilter, Create};

}  // namespace silverback::plugins
