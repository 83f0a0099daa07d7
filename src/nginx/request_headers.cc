#include <algorithm>
#include <new>
#include <string>

#include "nginx/headers.h"
#include "util/string_util.h"

namespace silverback::nginx::request_headers {
namespace {

// nginx keeps these as arrays of pointers, all other well-known headers as one pointer.
bool IsArray(std::string_view name) {
  return EqualsIgnoreCase(name, "cookie") || EqualsIgnoreCase(name, "x-forwarded-for");
}

template <class Slot>
Slot& SlotAt(ngx_http_request_t* r, ngx_uint_t offset) {
  return *reinterpret_cast<Slot*>(reinterpret_cast<char*>(&r->headers_in) + offset);
}

const ngx_http_header_t* WellKnown(std::string_view name) {
  for (const ngx_http_header_t* known = ngx_http_headers_in; known->name.len != 0; ++known) {
    if (EqualsIgnoreCase(View(known->name), name)) return known;
  }
  return nullptr;
}

void Point(ngx_http_request_t* r, ngx_table_elt_t* element) {
  const ngx_http_header_t* known = WellKnown(View(element->key));
  if (known == nullptr) return;
  if (!IsArray(View(element->key))) {
    SlotAt<ngx_table_elt_t*>(r, known->offset) = element;
    return;
  }
  auto& array = SlotAt<ngx_array_t>(r, known->offset);
  if (array.elts == nullptr && ngx_array_init(&array, r->pool, 1, sizeof(element)) != NGX_OK)
    throw std::bad_alloc();
  auto** slot = static_cast<ngx_table_elt_t**>(ngx_array_push(&array));
  if (slot == nullptr) throw std::bad_alloc();
  *slot = element;
}

// The elements after `removed` move down by one: what points to them follows.
void MovePointers(ngx_http_request_t* r, ngx_table_elt_t* removed, ngx_table_elt_t* end) {
  const auto follow = [&](ngx_table_elt_t*& pointer) {
    if (pointer == removed) {
      pointer = nullptr;
    } else if (pointer > removed && pointer < end) {
      --pointer;
    }
  };
  for (const ngx_http_header_t* known = ngx_http_headers_in; known->name.len != 0; ++known) {
    if (!IsArray(View(known->name))) {
      follow(SlotAt<ngx_table_elt_t*>(r, known->offset));
      continue;
    }
    auto& array = SlotAt<ngx_array_t>(r, known->offset);
    auto** pointers = static_cast<ngx_table_elt_t**>(array.elts);
    for (ngx_uint_t i = 0; i < array.nelts; ++i) follow(pointers[i]);
    array.nelts = std::remove(pointers, pointers + array.nelts, nullptr) - pointers;
  }
}

void RemoveElement(ngx_http_request_t* r, ngx_list_part_t* part, ngx_uint_t index) {
  auto* elements = static_cast<ngx_table_elt_t*>(part->elts);
  MovePointers(r, elements + index, elements + part->nelts);
  std::move(elements + index + 1, elements + part->nelts, elements + index);
  --part->nelts;
}

bool HasUnderscore(std::string_view name) { return name.find('_') != name.npos; }

}  // namespace

std::optional<std::string_view> First(ngx_http_request_t* r, std::string_view name) {
  std::optional<std::string_view> found;
  EachElement(r->headers_in.headers, [&](ngx_table_elt_t& element) {
    if (EqualsIgnoreCase(View(element.key), name)) found = View(element.value);
    return !found;
  });
  if (!found && HasUnderscore(name)) return First(r, ReplaceAll(name, "_", "-"));
  return found;
}

std::vector<std::string_view> All(ngx_http_request_t* r, std::string_view name) {
  std::vector<std::string_view> found;
  EachElement(r->headers_in.headers, [&](ngx_table_elt_t& element) {
    if (EqualsIgnoreCase(View(element.key), name)) found.push_back(View(element.value));
    return true;
  });
  if (found.empty() && HasUnderscore(name)) return All(r, ReplaceAll(name, "_", "-"));
  return found;
}

void Add(ngx_http_request_t* r, std::string_view name, std::string_view value) {
  auto* element = static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_in.headers));
  if (element == nullptr) throw std::bad_alloc();
  *element = {};
  element->key = CopyTo(r->pool, name);
  element->value = CopyTo(r->pool, value);
  element->lowcase_key = static_cast<u_char*>(ngx_pnalloc(r->pool, name.size()));
  if (element->key.data == nullptr || element->value.data == nullptr ||
      element->lowcase_key == nullptr)
    throw std::bad_alloc();
  element->hash = ngx_hash_strlow(element->lowcase_key, element->key.data, element->key.len);
  Point(r, element);
}

void Set(ngx_http_request_t* r, std::string_view name, std::string_view value) {
  // `value` may be a view of what is removed.
  const std::string kept(value);
  Remove(r, name);
  Add(r, name, kept);
  if (EqualsIgnoreCase(name, "content-length")) {
    r->headers_in.content_length_n =
        ngx_atoof(reinterpret_cast<u_char*>(const_cast<char*>(kept.data())), kept.size());
  }
}

void Remove(ngx_http_request_t* r, std::string_view name) {
  for (ngx_list_part_t* part = &r->headers_in.headers.part; part != nullptr; part = part->next) {
    for (ngx_uint_t i = 0; i < part->nelts;) {
      const auto& element = static_cast<ngx_table_elt_t*>(part->elts)[i];
      if (EqualsIgnoreCase(View(element.key), name)) {
        RemoveElement(r, part, i);
      } else {
        ++i;
      }
    }
  }
}

}  // namespace silverback::nginx::request_headers
