// The entry that log plugins write for a request, in the form of Kong's kong.log.serialize.
#include "nginx/serialize.h"

#include "nginx/headers.h"
#include "nginx/request_context.h"
#include "plugin/body_args.h"
#include "router/normalize.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

Json QueryToJson(std::string_view query) {
  Json object = Json::object();
  if (query.empty()) return object;
  for (const std::string_view part : Split(query, '&')) {
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    const std::string name = PercentDecode(part.substr(0, equals), true);
    Json value = true;
    if (equals != part.npos) value = PercentDecode(part.substr(equals + 1), true);
    Json& slot = object[name];
    if (slot.is_null()) {
      slot = std::move(value);
    } else if (slot.is_array()) {
      slot.push_back(std::move(value));
    } else {
      slot = Json::array({slot, std::move(value)});
    }
  }
  return object;
}

// Rows are logged without their empty fields.
Json WithoutNulls(const Json& value) {
  if (!value.is_object()) return value;
  Json kept = Json::object();
  for (const auto& [key, member] : value.items()) {
    if (!member.is_null()) kept[key] = WithoutNulls(member);
  }
  return kept;
}

void Redact(Json& headers) {
  for (const char* name : {"authorization", "proxy-authorization"}) {
    if (headers.contains(name)) headers[name] = "REDACTED";
  }
}

}  // namespace

Json TlsToJson(SSL* ssl, std::string_view client_verify) {
  const char* verified = SSL_get0_peer_certificate(ssl) == nullptr ? "NONE"
                         : SSL_get_verify_result(ssl) == X509_V_OK ? "SUCCESS"
                                                                   : "FAILED";
  return {{"version", SSL_get_version(ssl)},
          {"cipher", SSL_get_cipher_name(ssl)},
          {"client_verify", client_verify.empty() ? verified : client_verify}};
}

Json TriesToJson(const Tries& tries) {
  Json list = Json::array();
  for (const Try& each : tries) {
    Json entry = {{"ip", each.ip},
                  {"port", each.port},
                  {"balancer_start", static_cast<int64_t>(each.started_at * 1000)},
                  {"balancer_latency", static_cast<int64_t>(each.latency_ms)}};
    if (each.state != nullptr) {
      entry["state"] = each.state;
      entry["code"] = each.code;
    }
    list.push_back(std::move(entry));
  }
  return list;
}

void PutEntities(const plugin::Exchange& exchange, Json& entry) {
  if (exchange.route()) entry["route"] = WithoutNulls(exchange.route()->row);
  if (exchange.service()) entry["service"] = WithoutNulls(exchange.service()->row);
  if (exchange.consumer()) {
    entry["consumer"] = WithoutNulls(*exchange.consumer());
    entry["consumer"].erase("ws_id");
  }
  if (exchange.credential()) {
    Json& who = entry["authenticated_entity"];
    who = Json::object();
    if (const Json* id = FindMember(*exchange.credential(), "id")) who["id"] = *id;
    if (const Json* id = FindMember(*exchange.credential(), "consumer_id"))
      who["consumer_id"] = *id;
  }
}

Json RequestContext::SerializeRequest() const {
  Json request = {{"uri", RawTarget()},
                  {"url", fmt::format("{}://{}:{}{}", Scheme(), Host(), gateway_.MappedPort(Port()),
                                      RawTarget())},
                  {"querystring", QueryToJson(RawQuery())},
                  {"method", Method()},
                  {"headers", plugin::HeaderFields(RequestHeaders())},
                  {"size", RequestSize()}};
  Redact(request["headers"]);
  if (r_->connection->ssl != nullptr)
    request["tls"] = TlsToJson(r_->connection->ssl->connection, client_verify_);
  return request;
}

plugin::Figures RequestContext::Measure() const {
  plugin::Figures figures;
  figures.received = RequestSize();
  figures.sent = static_cast<int64_t>(r_->connection->sent);
  figures.total_ms = NowMs() - StartedMs();
  const int64_t sent = balancer_ended_ms != 0 ? balancer_ended_ms : access_ended_ms;
  const int64_t end = body_filter_ended_ms != 0 ? body_filter_ended_ms : NowMs();
  if ((proxied || replayed) && sent != 0) {
    figures.kong_ms = sent - StartedMs();
    if (header_filter_ms != 0) figures.service_ms = header_filter_ms - sent;
  } else if (header_filter_ms != 0) {
    figures.kong_ms = header_filter_ms - StartedMs();
  }
  if (header_filter_ms != 0) figures.kong_ms += end - header_filter_ms;
  return figures;
}

plugin::Progress RequestContext::Reached() const {
  plugin::Progress progress;
  progress.started = StartedMs();
  progress.rewrite_ended = progress.access_started = access_started_ms;
  progress.access_ended = access_ended_ms;
  progress.header_filter_started = header_filter_ms;
  progress.body_filter_started = body_filter_started_ms;
  progress.body_filter_ended = body_filter_ended_ms;
  if (!upstream.tries.empty()) progress.service_host = upstream.hostname;
  return progress;
}

Json RequestContext::Serialize() const {
  const plugin::Figures figures = Measure();
  Json headers = plugin::HeaderFields(ResponseHeaders());
  headers["connection"] = r_->headers_out.status == NGX_HTTP_SWITCHING_PROTOCOLS ? "upgrade"
                          : r_->keepalive                                        ? "keep-alive"
                                                                                 : "close";
  if (!headers.contains("content-length") && r_->http_version == NGX_HTTP_VERSION_11 &&
      r_->headers_out.content_length_n < 0 && r_->chunked)
    headers["transfer-encoding"] = "chunked";
  Json entry = {
      {"request", SerializeRequest()},
      {"response",
       {{"status", ResponseStatus()}, {"headers", std::move(headers)}, {"size", figures.sent}}},
      {"latencies",
       {{"kong", figures.kong_ms}, {"proxy", figures.service_ms}, {"request", figures.total_ms}}},
      {"client_ip", ForwardedIp()},
      {"started_at", StartedMs()}};
  if (!has_match()) {
    entry["upstream_uri"] = "";
  } else {
    entry["tries"] = TriesToJson(upstream.tries);
    // Until it is proxied the query is not part of it.
    if (service() != nullptr)
      entry["upstream_uri"] = proxied ? upstream_uri_ : router::EscapePath(upstream_path_);
  }
  PutEntities(*this, entry);
  plugin::ApplyEdits(log_edits_, entry);
  return entry;
}

}  // namespace silverback::nginx
