// The response as plugins see and change it. Before it exists, headers are put where the
// response's will come: nginx keeps them for an upstream's or a local answer alike.
#include "nginx/headers.h"
#include "nginx/request_context.h"

namespace silverback::nginx {

int RequestContext::ResponseStatus() const {
  if (r_->err_status != 0) return static_cast<int>(r_->err_status);
  return static_cast<int>(r_->headers_out.status);
}

void RequestContext::SetResponseStatus(int status) {
  r_->headers_out.status = static_cast<ngx_uint_t>(status);
  r_->headers_out.status_line.len = 0;
  r_->err_status = 0;
}

std::optional<std::string_view> RequestContext::ResponseHeader(std::string_view name) const {
  return response_headers::First(r_, name);
}

std::vector<std::string_view> RequestContext::ResponseHeaderValues(std::string_view name) const {
  return response_headers::All(r_, name);
}

plugin::Headers RequestContext::ResponseHeaders() const {
  plugin::Headers headers;
  EachElement(r_->headers_out.headers, [&](ngx_table_elt_t& element) {
    if (element.hash != 0) headers.emplace_back(View(element.key), View(element.value));
    return true;
  });
  if (r_->headers_out.content_type.len != 0)
    headers.emplace_back("Content-Type", View(r_->headers_out.content_type));
  if (r_->headers_out.content_length == nullptr && r_->headers_out.content_length_n >= 0)
    headers.emplace_back("Content-Length", std::to_string(r_->headers_out.content_length_n));
  return headers;
}

void RequestContext::SetResponseHeader(std::string_view name, std::string_view value) {
  response_headers::Set(r_, name, value);
}

void RequestContext::AddResponseHeader(std::string_view name, std::string_view value) {
  response_headers::Add(r_, name, value);
}

void RequestContext::ClearResponseHeader(std::string_view name) {
  response_headers::Remove(r_, name);
}

plugin::ResponseSource RequestContext::Source() const {
  if (unexpected) return plugin::ResponseSource::kError;
  if (answered) return plugin::ResponseSource::kExit;
  return proxied ? plugin::ResponseSource::kService : plugin::ResponseSource::kError;
}

std::optional<int> RequestContext::UpstreamStatus() const {
  if (r_->upstream_states == nullptr || r_->upstream_states->nelts == 0) return std::nullopt;
  const auto* states = static_cast<ngx_http_upstream_state_t*>(r_->upstream_states->elts);
  const ngx_uint_t status = states[r_->upstream_states->nelts - 1].status;
  if (status == 0) return std::nullopt;
  return static_cast<int>(status);
}

}  // namespace silverback::nginx
