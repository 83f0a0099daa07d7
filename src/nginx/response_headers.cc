#include <new>
#include <string>

#include "nginx/headers.h"
#include "util/string_util.h"

namespace silverback::nginx::response_headers {
namespace {

// Response headers that nginx keeps a pointer to.
struct WellKnown {
  std::string_view name;
  ngx_table_elt_t* ngx_http_headers_out_t::*slot;
};
using Out = ngx_http_headers_out_t;
constexpr WellKnown kWellKnown[] = {
    {"server", &Out::server},
    {"date", &Out::date},
    {"content-length", &Out::content_length},
    {"content-encoding", &Out::content_encoding},
    {"location", &Out::location},
    {"refresh", &Out::refresh},
    {"last-modified", &Out::last_modified},
    {"content-range", &Out::content_range},
    {"accept-ranges", &Out::accept_ranges},
    {"www-authenticate", &Out::www_authenticate},
    {"expires", &Out::expires},
    {"etag", &Out::etag},
};

ngx_table_elt_t** SlotOf(ngx_http_request_t* r, std::string_view name) {
  for (const WellKnown& known : kWellKnown) {
    if (EqualsIgnoreCase(known.name, name)) return &(r->headers_out.*known.slot);
  }
  return nullptr;
}

ngx_table_elt_t* Push(ngx_http_request_t* r) {
  auto* element = static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_out.headers));
  if (element == nullptr) throw std::bad_alloc();
  *element = {};
  element->hash = 1;
  return element;
}

// Elements with hash 0 are not sent.
void Hide(ngx_http_request_t* r, std::string_view name) {
  EachElement(r->headers_out.headers, [&](ngx_table_elt_t& element) {
    if (element.hash != 0 && EqualsIgnoreCase(View(element.key), name)) element.hash = 0;
    return true;
  });
}

// A copy in the request's pool; throws where there is no memory.
ngx_str_t Kept(ngx_http_request_t* r, std::string_view value) {
  const ngx_str_t copy = CopyTo(r->pool, value);
  if (copy.data == nullptr) throw std::bad_alloc();
  return copy;
}

std::string_view PooledNumber(ngx_http_request_t* r, off_t number) {
  return View(CopyTo(r->pool, std::to_string(number)));
}

}  // namespace

std::optional<std::string_view> First(ngx_http_request_t* r, std::string_view name) {
  const auto values = All(r, name);
  if (values.empty()) return std::nullopt;
  return values.front();
}

std::vector<std::string_view> All(ngx_http_request_t* r, std::string_view name) {
  std::vector<std::string_view> found;
  if (EqualsIgnoreCase(name, "content-type")) {
    if (r->headers_out.content_type.len != 0) found.push_back(View(r->headers_out.content_type));
    return found;
  }
  EachElement(r->headers_out.headers, [&](ngx_table_elt_t& element) {
    if (element.hash != 0 && EqualsIgnoreCase(View(element.key), name))
      found.push_back(View(element.value));
    return true;
  });
  if (found.empty() && r->headers_out.content_length_n >= 0 &&
      EqualsIgnoreCase(name, "content-length"))
    found.push_back(PooledNumber(r, r->headers_out.content_length_n));
  return found;
}

void Add(ngx_http_request_t* r, std::string_view name, std::string_view value) {
  if (EqualsIgnoreCase(name, "content-type") || EqualsIgnoreCase(name, "content-length"))
    return Set(r, name, value);
  ngx_table_elt_t* element = Push(r);
  element->key = Kept(r, name);
  element->value = Kept(r, value);
  // From here nginx would make it a whole URL; what a plugin says is sent as it is.
  if (value.starts_with('/') && EqualsIgnoreCase(name, "location")) return;
  if (ngx_table_elt_t** slot = SlotOf(r, name)) *slot = element;
}

void Set(ngx_http_request_t* r, std::string_view name, std::string_view value) {
  if (EqualsIgnoreCase(name, "content-type")) {
    r->headers_out.content_type = CopyTo(r->pool, value);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = nullptr;
    r->headers_out.charset = {0, nullptr};
    return;
  }
  if (EqualsIgnoreCase(name, "content-length")) {
    ngx_http_clear_content_length(r);
    r->headers_out.content_length_n = ngx_atoof(Borrow(value).data, value.size());
    return;
  }
  ngx_table_elt_t* only = nullptr;
  int count = 0;
  EachElement(r->headers_out.headers, [&](ngx_table_elt_t& element) {
    if (element.hash != 0 && EqualsIgnoreCase(View(element.key), name)) {
      only = &element;
      ++count;
    }
    return true;
  });
  if (count == 0) return Add(r, name, value);
  const ngx_str_t kept = Kept(r, value);  // before it goes: `value` may be a view of it
  if (count == 1) {
    only->value = kept;
  } else {
    Remove(r, name);
    Add(r, name, View(kept));
  }
}

void Remove(ngx_http_request_t* r, std::string_view name) {
  if (EqualsIgnoreCase(name, "content-type")) {
    r->headers_out.content_type = {0, nullptr};
    r->headers_out.content_type_len = 0;
    return;
  }
  if (EqualsIgnoreCase(name, "content-length")) {
    ngx_http_clear_content_length(r);
    return;
  }
  Hide(r, name);
  if (EqualsIgnoreCase(name, "server")) return SuppressServer(r);
  if (ngx_table_elt_t** slot = SlotOf(r, name)) *slot = nullptr;
}

void AddBorrowed(ngx_http_request_t* r, std::string_view name, ngx_str_t value) {
  ngx_table_elt_t* element = Push(r);
  element->key = Borrow(name);
  element->value = value;
}

void SuppressServer(ngx_http_request_t* r) {
  // nginx adds its own name only where this pointer is null; with hash 0 the element is not sent.
  static ngx_table_elt_t none{};
  if (r->headers_out.server != nullptr && r->headers_out.server != &none)
    r->headers_out.server->hash = 0;
  r->headers_out.server = &none;
}

}  // namespace silverback::nginx::response_headers
