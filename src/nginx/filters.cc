#include "nginx/filters.h"

#include <charconv>

#include "nginx/draining.h"
#include "nginx/guard.h"
#include "nginx/headers.h"
#include "nginx/proxy_pass.h"
#include "nginx/request_context.h"
#include "nginx/upstream_hash.h"
#include "nginx/version.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

constexpr std::string_view kVia = "Via", kUpstreamStatus = "X-Kong-Upstream-Status",
                           kUpstreamLatency = "X-Kong-Upstream-Latency",
                           kProxyLatency = "X-Kong-Proxy-Latency",
                           kResponseLatency = "X-Kong-Response-Latency";

ngx_http_output_header_filter_pt next_header_filter;
ngx_http_output_body_filter_pt next_body_filter;

ngx_int_t BodyFilter(ngx_http_request_t* r, ngx_chain_t* in);

// Headers that are made for nearly every response: no copies but the digits.
void AddNumber(ngx_http_request_t* r, std::string_view name, int64_t number) {
  auto* digits = static_cast<u_char*>(ngx_pnalloc(r->pool, NGX_INT64_LEN));
  if (digits == nullptr) throw std::bad_alloc();
  auto* first = reinterpret_cast<char*>(digits);
  const char* end = std::to_chars(first, first + NGX_INT64_LEN, number).ptr;
  response_headers::AddBorrowed(r, name, {static_cast<size_t>(end - first), digits});
}

void SetNumber(ngx_http_request_t* r, std::string_view name, int64_t number) {
  response_headers::Remove(r, name);
  AddNumber(r, name, number);
}

// What a Connection header may say without naming another header (or one that stays).
bool IsConnectionOption(std::string_view word) {
  return EqualsIgnoreCase(word, "keep-alive") || EqualsIgnoreCase(word, "close") ||
         EqualsIgnoreCase(word, "upgrade");
}

// Headers of the upstream that are about its connection, not about the client's.
void RemoveHopByHopHeaders(RequestContext& context) {
  ngx_http_request_t* r = context.request();
  const ngx_http_upstream_t* u = r->upstream;
  if (u == nullptr) return;
  // Of several Connection lines the first counts.
  std::optional<std::string_view> listed;
  bool trailer = false, upgrade = false;
  EachElement(
      const_cast<ngx_http_upstream_t*>(u)->headers_in.headers, [&](ngx_table_elt_t& element) {
        const std::string_view name(reinterpret_cast<char*>(element.lowcase_key), element.key.len);
        if (name == "connection" && !listed) listed = View(element.value);
        trailer = trailer || name == "trailer";
        // Other protocols than the one that was asked for are none of the client's.
        upgrade = upgrade || (name == "upgrade" && !context.AskedFor(View(element.value)));
        return true;
      });
  if (listed && !IsConnectionOption(*listed)) {
    for (const std::string_view part : Split(*listed, ',')) {
      const std::string_view name = Trim(part);
      if (!name.empty() && !IsConnectionOption(name)) response_headers::Remove(r, name);
    }
  }
  if (upgrade) response_headers::Remove(r, "upgrade");
  if (trailer && !context.wants_trailers) response_headers::Remove(r, "trailer");
}

void AddProxiedHeaders(RequestContext& context) {
  ngx_http_request_t* r = context.request();
  const HeaderSwitches& on = context.gateway().headers();
  const int64_t sent =
      context.balancer_ended_ms != 0 ? context.balancer_ended_ms : context.access_ended_ms;
  // What the upstream says in their place is hidden in one go.
  EachElement(r->headers_out.headers, [&](ngx_table_elt_t& element) {
    const std::string_view name = View(element.key);
    if ((on.upstream_latency && EqualsIgnoreCase(name, kUpstreamLatency)) ||
        (on.proxy_latency && EqualsIgnoreCase(name, kProxyLatency)) ||
        (on.via && EqualsIgnoreCase(name, kVia)))
      element.hash = 0;
    return true;
  });
  if (on.upstream_latency) AddNumber(r, kUpstreamLatency, context.header_filter_ms - sent);
  if (on.proxy_latency) AddNumber(r, kProxyLatency, sent - context.StartedMs());
  if (on.via) response_headers::AddBorrowed(r, kVia, Borrow(kServerName));
}

void AddLocalHeaders(RequestContext& context) {
  ngx_http_request_t* r = context.request();
  const HeaderSwitches& on = context.gateway().headers();
  if (on.response_latency)
    SetNumber(r, kResponseLatency, context.header_filter_ms - context.StartedMs());
  // An answer that a plugin took from another gateway says so by its Via header.
  if (on.via && response_headers::First(r, "via") == kServerName) return;
  response_headers::Remove(r, "server");
  if (!on.server) return;
  r->headers_out.server = nullptr;
  response_headers::Add(r, "Server", kServerName);
}

// A client that sends Kong-Debug is told what its request was matched with.
void AddDebugHeaders(RequestContext& context) {
  if (!context.has_match() || !context.wants_debug) return;
  ngx_http_request_t* r = context.request();
  const auto add = [r](std::string_view name, const std::string& value) {
    if (!value.empty()) response_headers::Set(r, name, value);
  };
  const entity::Route& route = *context.route();
  add("Kong-Route-Id", route.id);
  add("Kong-Route-Name", route.name);
  if (!route.service) return;
  add("Kong-Service-Id", route.service->id);
  add("Kong-Service-Name", route.service->name);
}

// Where nobody has given a Server header none is sent. (HTTP/2 always has one: Kong's engine names
// itself there.)
void HideEngine(ngx_http_request_t* r) {
  if (r->headers_out.server != nullptr) return;
  if (r->http_version == NGX_HTTP_VERSION_20) {
    response_headers::Add(r, "Server", kEngineName);
  } else {
    response_headers::SuppressServer(r);
  }
}

void FilterHeaders(RequestContext& context) {
  ngx_http_request_t* r = context.request();
  context.headers_done = true;
  context.header_filter_ms = RequestContext::NowMs();
  if (context.proxied) {
    if (!context.unexpected) RemoveHopByHopHeaders(context);
    if (context.gateway().headers().upstream_status) {
      if (const auto status = context.UpstreamStatus()) SetNumber(r, kUpstreamStatus, *status);
    }
    SetHashCookie(context);
  }
  AddDebugHeaders(context);
  context.runner().HeaderFilter(context);
  if (context.from_head) r->header_only = 1;
  if (context.proxied || context.replayed) {
    AddProxiedHeaders(context);
  } else {
    AddLocalHeaders(context);
  }
  if (const auto& body = context.replaced_response_body()) {
    ngx_http_clear_content_length(r);
    ngx_http_clear_accept_ranges(r);
    r->headers_out.content_length_n = static_cast<off_t>(body->size());
    return;
  }
  if (!context.runner().NeedsBody() || r->header_only) return;
  r->filter_need_in_memory = 1;
  if (!context.runner().ChangesBody()) return;
  // Plugins may change the body's length; without one nginx sends chunks.
  ngx_http_clear_content_length(r);
  ngx_http_clear_accept_ranges(r);
}

// A plugin wants to see the upstream's whole body before the header goes: both are kept back.
bool IsKeptBack(const RequestContext* context) {
  return context != nullptr && context->buffered && context->proxied && !context->headers_done &&
         !context->unexpected;
}

ngx_int_t SendHeader(ngx_http_request_t* r) {
  AnnounceClose(r);
  const bool ok = Guard(r->connection->log, "header filter", false, [&] {
    RequestContext* context = RequestContext::Find(r);
    if (context != nullptr && !context->headers_done) {
      RestoreTarget(*context);
      FilterHeaders(*context);
    }
    HideEngine(r);
    return context == nullptr || !context->aborted;
  });
  return ok ? next_header_filter(r) : NGX_ERROR;
}

ngx_int_t HeaderFilter(ngx_http_request_t* r) {
  if (r != r->main) return next_header_filter(r);
  if (IsKeptBack(RequestContext::Find(r)) && !r->header_only && r->method != NGX_HTTP_HEAD) {
    r->filter_need_in_memory = 1;
    return NGX_OK;
  }
  return SendHeader(r);
}

// What a chain holds in memory, appended to `text`.
plugin::BodyChunk Collect(const ngx_chain_t* in, std::string& text) {
  plugin::BodyChunk chunk{&text, false};
  for (const ngx_chain_t* link = in; link != nullptr; link = link->next) {
    const ngx_buf_t* buffer = link->buf;
    if (ngx_buf_in_memory(buffer))
      text.append(reinterpret_cast<const char*>(buffer->pos), buffer->last - buffer->pos);
    if (buffer->last_buf) chunk.last = true;
  }
  return chunk;
}

void Consume(ngx_chain_t* in) {
  for (ngx_chain_t* link = in; link != nullptr; link = link->next) {
    if (ngx_buf_in_memory(link->buf)) link->buf->pos = link->buf->last;
  }
}

bool IsLast(const ngx_chain_t* in) {
  for (; in != nullptr; in = in->next) {
    if (in->buf->last_buf) return true;
  }
  return false;
}

ngx_int_t FilterBody(RequestContext& context, ngx_chain_t* in) {
  ngx_http_request_t* r = context.request();
  std::string text;
  plugin::BodyChunk chunk = Collect(in, text);
  if (context.replaced_response_body()) {
    text = chunk.last ? std::move(*context.replaced_response_body()) : "";
  } else {
    context.runner().BodyFilter(context, chunk);
    if (!context.runner().ChangesBody()) return next_body_filter(r, in);
  }
  if (context.aborted) return NGX_ERROR;
  Consume(in);
  auto* out = static_cast<ngx_buf_t*>(ngx_calloc_buf(r->pool));
  if (out == nullptr) return NGX_ERROR;
  if (!text.empty()) {
    const ngx_str_t copy = CopyTo(r->pool, text);
    if (copy.data == nullptr) return NGX_ERROR;
    out->pos = out->start = copy.data;
    out->last = out->end = copy.data + copy.len;
    out->memory = 1;
  }
  out->flush = 1;
  out->last_buf = chunk.last ? 1 : 0;
  out->last_in_chain = chunk.last ? 1 : 0;
  if (text.empty() && !chunk.last) out->sync = 1;
  ngx_chain_t link{out, nullptr};
  return next_body_filter(r, &link);
}

// REQUIRES: IsKeptBack.
ngx_int_t KeepBody(RequestContext& context, ngx_chain_t* in) {
  ngx_http_request_t* r = context.request();
  const plugin::BodyChunk chunk = Collect(in, *context.buffered);
  Consume(in);
  if (!chunk.last) return NGX_OK;
  ngx_int_t rc = SendHeader(r);
  if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) return rc;
  auto* out = static_cast<ngx_buf_t*>(ngx_calloc_buf(r->pool));
  if (out == nullptr) return NGX_ERROR;
  const ngx_str_t body = CopyTo(r->pool, *context.buffered);
  out->pos = out->start = body.data;
  out->last = out->end = body.data + body.len;
  out->memory = body.len != 0 ? 1 : 0;
  out->last_buf = out->last_in_chain = 1;
  ngx_chain_t link{out, nullptr};
  return BodyFilter(r, &link);
}

ngx_int_t BodyFilter(ngx_http_request_t* r, ngx_chain_t* in) {
  if (r != r->main || in == nullptr) return next_body_filter(r, in);
  RequestContext* context = RequestContext::Find(r);
  if (context == nullptr) return next_body_filter(r, in);
  if (IsKeptBack(context) && !r->header_sent) {
    return Guard(r->connection->log, "body filter", ngx_int_t{NGX_ERROR},
                 [&] { return KeepBody(*context, in); });
  }
  if (context->body_filter_started_ms == 0)
    context->body_filter_started_ms = RequestContext::NowMs();
  if (IsLast(in)) context->body_filter_ended_ms = RequestContext::NowMs();
  if (context->aborted) return NGX_ERROR;
  if (!context->runner().NeedsBody() && !context->replaced_response_body())
    return next_body_filter(r, in);
  return Guard(r->connection->log, "body filter", ngx_int_t{NGX_ERROR},
               [&] { return FilterBody(*context, in); });
}

}  // namespace

ngx_int_t AddFilters(ngx_conf_t*) {
  next_header_filter = ngx_http_top_header_filter;
  ngx_http_top_header_filter = &HeaderFilter;
  next_body_filter = ngx_http_top_body_filter;
  ngx_http_top_body_filter = &BodyFilter;
  return NGX_OK;
}

}  // namespace silverback::nginx
