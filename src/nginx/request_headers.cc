#include <algorithm>
#include <new>
#include <string>
#include <vector>

#include "nginx/headers.h"
#include "util/string_util.h"

namespace silverback::nginx::request_headers {
namespace {

// A header that nginx points to in headers_in: an array of pointers for some, one for the others.
struct WellKnown {
  std::string_view name;
  ngx_uint_t offset;
  bool is_array;
};

const std::vector<WellKnown>& WellKnownHeaders() {
  static const auto all = [] {
    std::vector<WellKnown> list;
    for (const ngx_http_header_t* known = ngx_http_headers_in; known->name.len != 0; ++known) {
      const std::string_view name = View(known->name);
      list.push_back(
          {name, known->offset,
           EqualsIgnoreCase(name, "cookie") || EqualsIgnoreCase(name, "x-forwarded-for")});
    }
    return list;
  }();
  return all;
}

template <class Slot>
Slot& SlotAt(ngx_http_request_t* r, ngx_uint_t offset) {
  return *reinterpret_cast<Slot*>(reinterpret_cast<char*>(&r->headers_in) + offset);
}

void Point(ngx_http_request_t* r, ngx_table_elt_t* element) {
  const auto& all = WellKnownHeaders();
  const auto known = std::find_if(all.begin(), all.end(), [&](const WellKnown& header) {
    return EqualsIgnoreCase(header.name, View(element->key));
  });
  if (known == all.end()) return;
  if (!known->is_array) {
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
  for (const WellKnown& known : WellKnownHeaders()) {
    if (!known.is_array) {
      follow(SlotAt<ngx_table_elt_t*>(r, known.offset));
      continue;
    }
    auto& array = SlotAt<ngx_array_t>(r, known.offset);
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

void Push(ngx_http_request_t* r, std::string_view name, ngx_str_t value) {
  auto* element = static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_in.headers));
  if (element == nullptr) throw std::bad_alloc();
  *element = {};
  element->value = value;
  // The name as it is given, and behind it the one to compare by.
  auto* memory = static_cast<u_char*>(ngx_pnalloc(r->pool, 2 * name.size()));
  if (memory == nullptr) throw std::bad_alloc();
  element->key = {name.size(), memory};
  name.copy(reinterpret_cast<char*>(memory), name.size());
  element->lowcase_key = memory + name.size();
  element->hash = ngx_hash_strlow(element->lowcase_key, element->key.data, element->key.len);
  Point(r, element);
}

// A copy in the request's pool; throws where there is no memory.
ngx_str_t Kept(ngx_http_request_t* r, std::string_view value) {
  const ngx_str_t copy = CopyTo(r->pool, value);
  if (copy.data == nullptr) throw std::bad_alloc();
  return copy;
}

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

const ngx_table_elt_t* Find(ngx_http_request_t* r, std::string_view name) {
  const ngx_table_elt_t* found = nullptr;
  EachElement(r->headers_in.headers, [&](const ngx_table_elt_t& element) {
    if (name == std::string_view(reinterpret_cast<char*>(element.lowcase_key), element.key.len))
      found = &element;
    return found == nullptr;
  });
  return found;
}

void Add(ngx_http_request_t* r, std::string_view name, std::string_view value) {
  Push(r, name, Kept(r, value));
}

void Set(ngx_http_request_t* r, std::string_view name, std::string_view value) {
  // Copied first: `value` may be a view of what is replaced.
  const ngx_str_t kept = Kept(r, value);
  ngx_table_elt_t* only = nullptr;
  int count = 0;
  EachElement(r->headers_in.headers, [&](ngx_table_elt_t& element) {
    if (EqualsIgnoreCase(View(element.key), name)) {
      only = &element;
      ++count;
    }
    return true;
  });
  if (count == 1) {
    only->value = kept;
  } else {
    if (count != 0) Remove(r, name);
    Push(r, name, kept);
  }
  if (EqualsIgnoreCase(name, "content-length"))
    r->headers_in.content_length_n = ngx_atoof(kept.data, kept.len);
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
