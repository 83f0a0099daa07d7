#include "nginx/admin_content.h"

#include <array>

#include "admin/api.h"
#include "nginx/gateway.h"
#include "nginx/guard.h"
#include "nginx/headers.h"
#include "nginx/local_response.h"
#include "nginx/pool.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

// One call of the API; the request may die before the call returns.
struct Call {
  explicit Call(ngx_http_request_t* its_request) : r(its_request) {
    // Stays when the API throws.
    response.status = NGX_HTTP_INTERNAL_SERVER_ERROR;
    response.headers = {{"Content-Type", "application/json; charset=utf-8"}};
    response.body = R"({"message":"An unexpected error occurred"})";
  }
  ngx_http_request_t* r;
  admin::Request request;
  admin::Response response;
};

// In the request's pool: cuts the call off from a request that dies.
struct CallGuard {
  explicit CallGuard(std::shared_ptr<Call> its_call) : call(std::move(its_call)) {}
  ~CallGuard() { call->r = nullptr; }
  std::shared_ptr<Call> call;
};

bool AppendFile(ngx_file_t& file, off_t from, off_t to, std::string& body) {
  std::array<char, 65536> piece{};
  while (from < to) {
    const size_t wanted = std::min<size_t>(piece.size(), static_cast<size_t>(to - from));
    const ssize_t got = ngx_read_file(&file, reinterpret_cast<u_char*>(piece.data()), wanted, from);
    if (got <= 0) return false;
    body.append(piece.data(), static_cast<size_t>(got));
    from += got;
  }
  return true;
}

bool ReadBody(ngx_http_request_t* r, std::string& body) {
  if (r->request_body == nullptr) return true;
  for (ngx_chain_t* link = r->request_body->bufs; link != nullptr; link = link->next) {
    ngx_buf_t* b = link->buf;
    if (b->in_file) {
      if (!AppendFile(*b->file, b->file_pos, b->file_last, body)) return false;
    } else {
      body.append(reinterpret_cast<char*>(b->pos), b->last - b->pos);
    }
  }
  return true;
}

void Send(ngx_http_request_t* r, const admin::Response& response) {
  r->headers_out.status = static_cast<ngx_uint_t>(response.status);
  r->disable_not_modified = 1;  // conditions are the API's, and have been looked at
  bool server = false;
  for (const auto& [name, value] : response.headers) {
    if (EqualsIgnoreCase(name, "content-length")) continue;
    server = server || EqualsIgnoreCase(name, "server");
    response_headers::Add(r, name, value);
  }
  if (!server) response_headers::SuppressServer(r);
  // Without a content type the API leaves a refusal's page to nginx.
  if (response.status >= 400 && response.body.empty() && r->headers_out.content_type.len == 0) {
    ngx_http_finalize_request(r, response.status);
    return;
  }
  ngx_http_finalize_request(r, SendBody(r, response.body));
}

void Start(ngx_http_request_t* r, bool status_listener) {
  auto call = std::make_shared<Call>(r);
  call->request.method = View(r->method_name);
  call->request.target = View(r->unparsed_uri);
  call->request.status_listener = status_listener;
  EachElement(r->headers_in.headers, [&](ngx_table_elt_t& element) {
    call->request.headers.emplace_back(View(element.key), View(element.value));
    return true;
  });
  if (!ReadBody(r, call->request.body)) {
    ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    return;
  }
  PoolNew<CallGuard>(r->pool, call);
  r->read_event_handler = ngx_http_test_reading;
  Gateway& gateway = ThisGateway();
  ThreadPool& threads =
      admin::WaitsForOthers(call->request) ? gateway.slow_admin_threads() : gateway.admin_threads();
  threads.Run([call, &gateway] { call->response = gateway.api().Handle(call->request); },
              [call] {
                if (call->r == nullptr) return;
                ngx_connection_t* c = call->r->connection;
                Send(call->r, call->response);
                ngx_http_run_posted_requests(c);
              });
}

template <bool StatusListener>
void BodyIsRead(ngx_http_request_t* r) {
  const bool ok = Guard(r->connection->log, "admin", false, [&] {
    Start(r, StatusListener);
    return true;
  });
  if (!ok) ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
}

template <bool StatusListener>
ngx_int_t Content(ngx_http_request_t* r) {
  const ngx_int_t rc = ngx_http_read_client_request_body(r, &BodyIsRead<StatusListener>);
  return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}

}  // namespace

ngx_int_t AdminContent(ngx_http_request_t* r) { return Content<false>(r); }

ngx_int_t StatusContent(ngx_http_request_t* r) { return Content<true>(r); }

}  // namespace silverback::nginx
