#include "nginx/upstream_hash.h"

#include <optional>

#include "nginx/headers.h"
#include "nginx/request_context.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

using balancer::HashOn;

std::optional<std::string> ConsumerId(const RequestContext& context) {
  for (const plugin::EntityRef& who : {context.consumer(), context.credential()}) {
    if (!who) continue;
    std::string id = StringMember(*who, "id");
    if (!id.empty()) return id;
  }
  return std::nullopt;
}

std::optional<std::string> HeaderText(const RequestContext& context, const std::string& name) {
  const auto values = context.RequestHeaderValues(name);
  if (values.empty()) return std::nullopt;
  std::string text;
  for (const std::string_view value : values) text += value;
  return text;
}

// As nginx' own variable of the cookie reads it: commas part cookies too.
std::optional<std::string> CookieValue(const RequestContext& context, const std::string& name) {
  ngx_str_t key = Borrow(name), value;
  if (ngx_http_parse_multi_header_lines(&context.request()->headers_in.cookies, &key, &value) ==
      NGX_DECLINED)
    return std::nullopt;
  return std::string(View(value));
}

std::optional<std::string> Value(RequestContext& context, const balancer::Upstream& upstream,
                                 HashOn what, const std::string& header) {
  switch (what) {
    case HashOn::kNone:
      break;
    case HashOn::kConsumer:
      return ConsumerId(context);
    case HashOn::kIp:
      return std::string(context.ForwardedIp());
    case HashOn::kHeader:
      return HeaderText(context, header);
    case HashOn::kCookie:
      if (auto value = CookieValue(context, upstream.hash_on_cookie)) return value;
      std::string made = NewUuid();
      context.upstream.new_cookie = upstream.hash_on_cookie + "=" + made;
      return made;
  }
  return std::nullopt;
}

}  // namespace

std::string HashValue(RequestContext& context, const balancer::Upstream& upstream) {
  auto value = Value(context, upstream, upstream.hash_on, upstream.hash_on_header);
  if (!value)
    value = Value(context, upstream, upstream.hash_fallback, upstream.hash_fallback_header);
  return value ? *std::move(value) : std::string();
}

void SetHashCookie(RequestContext& context) {
  const auto& upstream = context.upstream;
  if (upstream.new_cookie.empty() || upstream.choice.upstream() == nullptr) return;
  const std::string& path = upstream.choice.upstream()->hash_on_cookie_path;
  const std::string cookie =
      upstream.new_cookie + "; Path=" + (path.empty() ? "/" : path) + "; Same-Site=Lax; HttpOnly";
  const std::string_view prefix =
      std::string_view(cookie).substr(0, upstream.new_cookie.find('=') + 1);
  ngx_http_request_t* r = context.request();
  bool replaced = false;
  EachElement(r->headers_out.headers, [&](ngx_table_elt_t& element) {
    if (element.hash == 0 || !EqualsIgnoreCase(View(element.key), "set-cookie") ||
        !View(element.value).starts_with(prefix))
      return true;
    element.value = CopyTo(r->pool, cookie);
    replaced = true;
    return false;
  });
  if (!replaced) response_headers::Add(r, "Set-Cookie", cookie);
}

}  // namespace silverback::nginx
