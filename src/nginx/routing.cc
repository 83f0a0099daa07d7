// From the request to its route, and what the upstream is told about the client.
#include <charconv>
#include <new>

#include "nginx/conf.h"
#include "nginx/guard.h"
#include "nginx/headers.h"
#include "nginx/request_context.h"
#include "router/normalize.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

std::string_view SniOf(ngx_http_request_t* r) {
  if (r->connection->ssl == nullptr) return {};
  const char* name = SSL_get_servername(r->connection->ssl->connection, TLSEXT_NAMETYPE_host_name);
  return name != nullptr ? std::string_view(name) : std::string_view();
}

std::string_view HeaderValue(const ngx_table_elt_t* element) {
  return element != nullptr ? View(element->value) : std::string_view();
}

// The values of a header; `name` is in lower case.
void AppendHeader(ngx_http_request_t* r, std::string_view name,
                  std::vector<std::string_view>& values) {
  EachElement(r->headers_in.headers, [&](ngx_table_elt_t& element) {
    const std::string_view key(reinterpret_cast<const char*>(element.lowcase_key), element.key.len);
    if (key == name) values.push_back(View(element.value));
    return true;
  });
}

// Only the first TE line counts, and of it only "trailers".
bool WantsTrailers(ngx_http_request_t* r) {
  const std::string_view te = HeaderValue(r->headers_in.te);
  if (te.empty()) return false;
  for (const std::string_view part : Split(te, ',')) {
    if (EqualsIgnoreCase(Trim(part), "trailers")) return true;
  }
  return false;
}

// Header lines behind the name and colon of a first one, or one value, in memory of the request.
class HeadWriter {
 public:
  HeadWriter(ngx_pool_t* pool, size_t room)
      : start_(static_cast<u_char*>(ngx_pnalloc(pool, room))) {
    if (start_ == nullptr) throw std::bad_alloc();
    at_ = start_;
  }
  void Append(std::string_view text) { at_ = ngx_cpymem(at_, text.data(), text.size()); }
  void AppendPort(int port) {
    auto* digits = reinterpret_cast<char*>(at_) + 1;
    *at_ = ':';
    at_ = reinterpret_cast<u_char*>(std::to_chars(digits, digits + kPortDigits, port).ptr);
  }
  // `begin`: the end of the line before, the name and the colon; its size is known to the compiler.
  template <size_t N>
  void Line(const char (&begin)[N], std::string_view value) {
    if (value.empty()) return;
    at_ = ngx_cpymem(at_, begin, N - 1);
    Append(value);
  }
  std::string_view text() const { return View({static_cast<size_t>(at_ - start_), start_}); }

 private:
  static constexpr size_t kPortDigits = 5;
  u_char* start_;
  u_char* at_;
};

}  // namespace

bool RequestContext::FromTrustedIp() const {
  return gateway_.trusts_anyone() && gateway_.Trusts(ClientIp());
}

bool RequestContext::IsGrpcContent() const {
  return HeaderValue(r_->headers_in.content_type).starts_with("application/grpc");
}

router::Request RequestContext::RouterRequest() const {
  router::Request request;
  request.method = Method();
  request.scheme = Scheme();
  request.host = HeaderValue(r_->headers_in.host);
  const std::string_view target = RawTarget();
  const size_t question = target.find('?');
  request.has_query = question != target.npos;
  if (request.has_query) request.query = target.substr(question + 1);
  request.sni = SniOf(r_);
  request.https = ForwardedScheme() == "https";
  request.grpc = r_->http_version == NGX_HTTP_VERSION_20 && IsGrpcContent();
  // gRPC methods are names, not files: their paths stay as they are.
  request.path = request.grpc ? target.substr(0, question) : Path();
  request.header_values = [r = r_](std::string_view name, std::vector<std::string_view>& values) {
    AppendHeader(r, name, values);
    // As everywhere in Kong, a name with underscores also means the one with hyphens.
    if (values.empty() && name.find('_') != name.npos)
      AppendHeader(r, ReplaceAll(name, "_", "-"), values);
  };
  return request;
}

void RequestContext::SetMatch(router::Match match) {
  match_ = std::move(match);
  upstream_path_ = match_->upstream_path;
}

void RequestContext::ComputeForwarded() {
  const bool trusted = FromTrustedIp();
  // What a trusted client leaves empty is meant to be empty.
  const auto header = [&](std::string_view name) {
    return trusted ? RequestHeader(name) : std::nullopt;
  };
  forwarded_proto_ = header("x-forwarded-proto").value_or(Scheme());
  forwarded_host_ = header("x-forwarded-host").value_or(Host());
  const auto port = header("x-forwarded-port");
  forwarded_port_ = port ? *port : gateway_.PortText(gateway_.MappedPort(Port()));
  const std::string_view target = RawTarget();
  const size_t question = target.find('?', 1);
  forwarded_path_ = header("x-forwarded-path").value_or(target.substr(0, question));
  if (const auto prefix = header("x-forwarded-prefix")) {
    forwarded_prefix_ = *prefix;
  } else if (match_->stripped && match_->matched_prefix != "/") {
    forwarded_prefix_ = match_->matched_prefix;
  }
  EachElement(r_->headers_in.headers, [&](ngx_table_elt_t& element) {
    if (element.key.len == 15 && EqualsIgnoreCase(View(element.key), "x-forwarded-for"))
      forwarded_for_.append(View(element.value)).append(", ");
    return true;
  });
  if (!forwarded_for_.empty()) forwarded_for_ += ClientIp();
}

void RequestContext::MakeHostHeader() {
  if (upstream.host_given) return;
  constexpr size_t kRoomForPort = std::string_view(":65535").size();
  std::string buffer;
  const std::string_view name = upstream.choice.HostName(buffer);
  const int port = upstream.choice.address()->port;
  const bool tls = upstream.scheme == "https" || upstream.scheme == "grpcs";
  HeadWriter host(r_->pool, name.size() + kRoomForPort);
  host.Append(name);
  if (port != (tls ? 443 : 80)) host.AppendPort(port);
  upstream.host_header = host.text();
}

// Whatever the slots have, a template's `set` included, is asked for anew.
void RequestContext::ForgetVariables() {
  for (const ngx_int_t index : MainConfOf(r_)->variables) {
    r_->variables[index].valid = 0;
    r_->variables[index].not_found = 0;
  }
}

// The lines that the gateway itself says to the upstream, as one value: a directive and a variable
// for each of them would cost more than all of the gateway's own work.
std::string_view RequestContext::UpstreamHead() const {
  constexpr size_t kRoomForNames = 256;
  const std::string_view te = wants_trailers ? "trailers" : "";
  const std::string_view upgrade = websocket_ ? "websocket" : "";
  const std::string_view connection = ConnectionHeader(), ip = ForwardedIp(),
                         chain = ForwardedFor();
  HeadWriter head(r_->pool, kRoomForNames + upstream.host_header.size() + te.size() +
                                upgrade.size() + connection.size() + chain.size() + ip.size() +
                                forwarded_proto_.size() + forwarded_host_.size() +
                                forwarded_port_.size() + forwarded_path_.size() +
                                forwarded_prefix_.size());
  head.Append(upstream.host_header);
  head.Line("\r\nTE: ", te);
  head.Line("\r\nUpgrade: ", upgrade);
  head.Line("\r\nConnection: ", connection);
  head.Line("\r\nX-Forwarded-For: ", chain);
  head.Line("\r\nX-Forwarded-Proto: ", forwarded_proto_);
  head.Line("\r\nX-Forwarded-Host: ", forwarded_host_);
  head.Line("\r\nX-Forwarded-Port: ", forwarded_port_);
  head.Line("\r\nX-Forwarded-Path: ", forwarded_path_);
  head.Line("\r\nX-Forwarded-Prefix: ", forwarded_prefix_);
  head.Line("\r\nX-Real-IP: ", ip);
  return head.text();
}

std::string_view RequestContext::ConnectionHeader() const {
  return websocket_ ? "keep-alive, Upgrade" : "keep-alive";
}

std::string_view RequestContext::ForwardedFor() const {
  return forwarded_for_.empty() ? ForwardedIp() : std::string_view(forwarded_for_);
}

void RequestContext::SetProxyVariables() {
  const std::string_view target = RawTarget();
  std::string& uri = upstream_uri_;
  uri = router::EscapePath(upstream_path_);
  if (!query_changed_ && target.ends_with('?')) {
    uri += '?';
  } else if (r_->args.len != 0) {
    uri += '?';
    uri += View(r_->args);
  }
  websocket_ = EqualsIgnoreCase(HeaderValue(r_->headers_in.upgrade), "websocket");
  wants_trailers = WantsTrailers(r_);
  ForgetVariables();
}

std::string_view RequestContext::VariableValue(nginx::Variable which) const {
  switch (which) {
    case kUpstreamScheme:
    case kUpstreamGrpcScheme:
      return upstream.scheme;
    case kUpstreamUri:
      return upstream_uri_;
    case kUpstreamHost:
      return upstream.host_header;
    case kUpstreamHead:
      return UpstreamHead();
    case kUpstreamTe:
      return wants_trailers ? "trailers" : "";
    case kUpstreamUpgrade:
      return websocket_ ? "websocket" : "";
    case kUpstreamConnection:
      return ConnectionHeader();
    case kForwardedFor:
      return ForwardedFor();
    case kForwardedProto:
      return forwarded_proto_;
    case kForwardedHost:
      return forwarded_host_;
    case kForwardedPort:
      return forwarded_port_;
    case kForwardedPath:
      return forwarded_path_;
    case kForwardedPrefix:
      return forwarded_prefix_;
    case kProxyMode:
      return upstream.scheme.starts_with("grpc") ? "grpc" : "http";
    case kContextReference:
    case kVariableCount:
      break;
  }
  return "";
}

std::string_view ProxyVariable(ngx_http_request_t* r, Variable which) {
  return Guard(r->connection->log, "variable", std::string_view(), [&] {
    const RequestContext* context = RequestContext::Find(r);
    if (context == nullptr || !context->proxied) return std::string_view("");
    return context->VariableValue(which);
  });
}

}  // namespace silverback::nginx
