// The client's request as plugins see and change it.
#include <array>

#include "nginx/conf.h"
#include "nginx/guard.h"
#include "nginx/headers.h"
#include "nginx/request_context.h"
#include "router/normalize.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

int LocalPort(ngx_http_request_t* r) {
  if (ngx_connection_local_sockaddr(r->connection, nullptr, 0) != NGX_OK) return 0;
  return ngx_inet_get_port(r->connection->local_sockaddr);
}

// nginx knows variables by lower-case names. nullopt: there is none, or it has no value.
std::optional<std::string_view> VariableNamed(ngx_http_request_t* r, std::string_view name) {
  ngx_str_t key = CopyTo(r->pool, name);
  if (key.data == nullptr) return std::nullopt;
  const ngx_uint_t hash = ngx_hash_strlow(key.data, key.data, key.len);
  const ngx_http_variable_value_t* value = ngx_http_get_variable(r, &key, hash);
  if (value == nullptr || value->not_found) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(value->data), value->len);
}

// Several members of a row at once, "" for what is no text.
template <size_t kCount>
std::array<std::string_view, kCount> TextsOf(const Json* row,
                                             const std::array<std::string_view, kCount>& names) {
  std::array<std::string_view, kCount> found;
  if (row == nullptr || !row->is_object()) return found;
  for (const auto& [name, value] : row->get_ref<const Json::object_t&>()) {
    if (!value.is_string()) continue;
    for (size_t i = 0; i < kCount; ++i) {
      if (names[i] == name) found[i] = value.template get_ref<const std::string&>();
    }
  }
  return found;
}

std::string_view WithoutQuery(std::string_view target) {
  return target.substr(0, target.find('?'));
}

}  // namespace

std::string_view RequestContext::Method() const { return View(r_->method_name); }

std::string_view RequestContext::Scheme() const {
  return r_->connection->ssl != nullptr ? "https" : "http";
}

std::string_view RequestContext::ForwardedScheme() const {
  if (FromTrustedIp()) {
    if (const auto header = RequestHeader("x-forwarded-proto")) return *header;
  }
  return Scheme();
}

std::string_view RequestContext::Host() const {
  if (r_->headers_in.server.len != 0) return View(r_->headers_in.server);
  return VariableNamed(r_, "host").value_or("");
}

int RequestContext::Port() const { return LocalPort(r_); }

plugin::ConnectionInfo RequestContext::Connection() const {
  u_char text[NGX_SOCKADDR_STRLEN];
  ngx_str_t address{sizeof(text), text};
  plugin::ConnectionInfo info;
  if (ngx_connection_local_sockaddr(r_->connection, &address, 0) == NGX_OK)
    info.server_address = View(address);
  info.server_port = Port();
  info.number = r_->connection->number;
  info.requests = r_->connection->requests;
  return info;
}

int RequestContext::ForwardedPort() const {
  if (FromTrustedIp()) {
    if (const auto header = RequestHeader("x-forwarded-port")) {
      const ngx_int_t port = ngx_atoi(Borrow(*header).data, header->size());
      if (port != NGX_ERROR) return static_cast<int>(port);
    }
  }
  return gateway_.MappedPort(LocalPort(r_));
}

std::string_view RequestContext::Path() const {
  if (path_.empty()) path_ = router::NormalizePath(WithoutQuery(RawTarget()));
  return path_;
}

std::string_view RequestContext::RawTarget() const { return View(r_->unparsed_uri); }

std::string_view RequestContext::RawQuery() const { return View(r_->args); }

double RequestContext::HttpVersion() const {
  switch (r_->http_version) {
    case NGX_HTTP_VERSION_9:
      return 0.9;
    case NGX_HTTP_VERSION_10:
      return 1.0;
    case NGX_HTTP_VERSION_20:
      return 2.0;
    default:
      return 1.1;
  }
}

std::string_view RequestContext::ClientIp() const {
  if (client_ip_.empty()) {
    client_ip_ = VariableNamed(r_, "realip_remote_addr").value_or("");
    if (client_ip_.empty()) client_ip_ = View(r_->connection->addr_text);
  }
  return client_ip_;
}

std::string_view RequestContext::ForwardedIp() const { return View(r_->connection->addr_text); }

std::optional<std::string_view> RequestContext::RequestHeader(std::string_view name) const {
  return request_headers::First(r_, name);
}

std::vector<std::string_view> RequestContext::RequestHeaderValues(std::string_view name) const {
  return request_headers::All(r_, name);
}

plugin::Headers RequestContext::RequestHeaders() const {
  plugin::Headers headers;
  EachElement(r_->headers_in.headers, [&](ngx_table_elt_t& element) {
    headers.emplace_back(View(element.key), View(element.value));
    return true;
  });
  return headers;
}

int64_t RequestContext::RequestSize() const { return r_->request_length; }

int64_t RequestContext::StartedMs() const {
  return static_cast<int64_t>(r_->start_sec) * 1000 + static_cast<int64_t>(r_->start_msec);
}

double RequestContext::StartedAt() const { return static_cast<double>(StartedMs()) / 1000; }

int64_t RequestContext::NowMs() {
  const ngx_time_t* now = ngx_timeofday();
  return static_cast<int64_t>(now->sec) * 1000 + static_cast<int64_t>(now->msec);
}

std::optional<std::string> RequestContext::Variable(std::string_view name) const {
  const auto value = VariableNamed(r_, name);
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

void RequestContext::SetRequestHeader(std::string_view name, std::string_view value) {
  // What goes to the upstream as Host is the proxy's to say; the client's own stays for the logs.
  if (EqualsIgnoreCase(name, "host")) {
    host_override_ = value;
    // It is written into the request as it is: a line end would begin another header.
    std::erase_if(host_override_, [](char c) { return c == '\r' || c == '\n'; });
    return;
  }
  request_headers::Set(r_, name, value);
}

void RequestContext::AddRequestHeader(std::string_view name, std::string_view value) {
  if (EqualsIgnoreCase(name, "host")) return SetRequestHeader(name, value);
  request_headers::Add(r_, name, value);
}

void RequestContext::ClearRequestHeader(std::string_view name) {
  request_headers::Remove(r_, name);
}

void RequestContext::SetMethod(std::string_view method) {
  static constexpr std::pair<std::string_view, ngx_uint_t> kMethods[] = {
      {"GET", NGX_HTTP_GET},
      {"HEAD", NGX_HTTP_HEAD},
      {"POST", NGX_HTTP_POST},
      {"PUT", NGX_HTTP_PUT},
      {"DELETE", NGX_HTTP_DELETE},
      {"MKCOL", NGX_HTTP_MKCOL},
      {"COPY", NGX_HTTP_COPY},
      {"MOVE", NGX_HTTP_MOVE},
      {"OPTIONS", NGX_HTTP_OPTIONS},
      {"PROPFIND", NGX_HTTP_PROPFIND},
      {"LOCK", NGX_HTTP_LOCK},
      {"UNLOCK", NGX_HTTP_UNLOCK},
      {"PATCH", NGX_HTTP_PATCH},
      {"TRACE", NGX_HTTP_TRACE},
      {"PROPPATCH", NGX_HTTP_PROPPATCH}};
  from_head = from_head || r_->method == NGX_HTTP_HEAD;
  r_->method = NGX_HTTP_UNKNOWN;
  for (const auto& [name, number] : kMethods) {
    if (name == method) r_->method = number;
  }
  r_->method_name = CopyTo(r_->pool, method);
}

void RequestContext::SetRawQuery(std::string_view query) {
  r_->args = CopyTo(r_->pool, query);
  query_changed_ = true;
}

void RequestContext::SetUpstreamTarget(std::string_view host, int port) {
  upstream.overridden_host = host;
  upstream.overridden_port = port;
  upstream.has_no_balancer = false;
}

void RequestContext::SetUpstream(std::string_view name) {
  const entity::Service* its_service = service();
  const bool overridden = !upstream.overridden_host.empty();
  if (!overridden && its_service == nullptr) return;
  const std::string_view host =
      overridden ? std::string_view(upstream.overridden_host) : its_service->host;
  const int port = overridden ? upstream.overridden_port : its_service->port;
  const bool was_address = upstream.has_no_balancer || balancer::MakeAddress(host, port);
  SetUpstreamTarget(name, port);
  upstream.has_no_balancer = was_address;
}

void RequestContext::Authenticate(plugin::EntityRef consumer, plugin::EntityRef credential,
                                  bool anonymous) {
  const auto put = [this](std::string_view header, std::string_view value) {
    if (value.empty()) {
      ClearRequestHeader(header);
    } else {
      SetRequestHeader(header, value);
    }
  };
  const auto [id, custom_id, username] =
      TextsOf<3>(consumer.get(), {"id", "custom_id", "username"});
  put("X-Consumer-ID", id);
  put("X-Consumer-Custom-ID", custom_id);
  put("X-Consumer-Username", username);
  // Each kind of credential is shown by the name that its owner knows it by.
  const auto [name, client_id, algorithm, key, credential_id] =
      TextsOf<5>(credential.get(), {"username", "client_id", "algorithm", "key", "id"});
  std::string_view identifier = name.empty() ? client_id : name;
  if (identifier.empty() && !algorithm.empty()) identifier = key;
  put("X-Credential-Identifier", identifier.empty() ? credential_id : identifier);
  put("X-Anonymous-Consumer", anonymous ? "true" : "");
  put("X-Credential-Username", name);
  SetClient(std::move(consumer), std::move(credential));
}

void RequestContext::SetClient(plugin::EntityRef consumer, plugin::EntityRef credential) {
  consumer_ = std::move(consumer);
  credential_ = std::move(credential);
}

}  // namespace silverback::nginx
