// Request and response headers of an nginx request by name, with nginx' own pointers to well-known
// ones kept true. Names are compared without case. Values that are set are copied into the
// request's pool. Event loop only.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "nginx/ngx.h"

namespace silverback::nginx {

// The elements of one of nginx' lists, until `visit` returns false.
template <class Visit>
void EachElement(ngx_list_t& list, Visit&& visit) {
  for (ngx_list_part_t* part = &list.part; part != nullptr; part = part->next) {
    auto* elements = static_cast<ngx_table_elt_t*>(part->elts);
    for (ngx_uint_t i = 0; i < part->nelts; ++i) {
      if (!visit(elements[i])) return;
    }
  }
}

namespace request_headers {

// An underscore in `name` also finds a hyphen, when nothing is found as it is written.
std::optional<std::string_view> First(ngx_http_request_t* r, std::string_view name);
std::vector<std::string_view> All(ngx_http_request_t* r, std::string_view name);
// The first header of that name, which is in lower case; nullptr without. The fastest.
const ngx_table_elt_t* Find(ngx_http_request_t* r, std::string_view name);
void Add(ngx_http_request_t* r, std::string_view name, std::string_view value);
void Set(ngx_http_request_t* r, std::string_view name, std::string_view value);
void Remove(ngx_http_request_t* r, std::string_view name);

}  // namespace request_headers

namespace response_headers {

// Content-Type and Content-Length included.
std::optional<std::string_view> First(ngx_http_request_t* r, std::string_view name);
std::vector<std::string_view> All(ngx_http_request_t* r, std::string_view name);
void Add(ngx_http_request_t* r, std::string_view name, std::string_view value);
void Set(ngx_http_request_t* r, std::string_view name, std::string_view value);
void Remove(ngx_http_request_t* r, std::string_view name);
// As Add, for a header whose name and value live as long as the request and which nginx has no
// field for.
void AddBorrowed(ngx_http_request_t* r, std::string_view name, ngx_str_t value);
// Neither the given one nor nginx' own name: no Server header at all.
void SuppressServer(ngx_http_request_t* r);

}  // namespace response_headers

}  // namespace silverback::nginx
