// The request's body: reading it for plugins and putting another one in its place.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "nginx/guard.h"
#include "nginx/headers.h"
#include "nginx/request_context.h"

namespace silverback::nginx {
namespace {

// The body in one piece, or nullopt when a part of it is in a file.
std::optional<std::string_view> BodyOf(ngx_http_request_t* r) {
  const ngx_http_request_body_t* body = r->request_body;
  if (body == nullptr || body->bufs == nullptr) return std::string_view();
  if (body->temp_file != nullptr) return std::nullopt;
  const auto text = [](const ngx_buf_t* b) {
    return std::string_view(reinterpret_cast<const char*>(b->pos), b->last - b->pos);
  };
  if (body->bufs->next == nullptr) return text(body->bufs->buf);
  size_t size = 0;
  for (ngx_chain_t* link = body->bufs; link != nullptr; link = link->next)
    size += text(link->buf).size();
  auto* joined = static_cast<u_char*>(ngx_pnalloc(r->pool, size + 1));
  if (joined == nullptr) return std::nullopt;
  u_char* end = joined;
  for (ngx_chain_t* link = body->bufs; link != nullptr; link = link->next)
    end = ngx_cpymem(end, link->buf->pos, text(link->buf).size());
  return std::string_view(reinterpret_cast<const char*>(joined), size);
}

// A file of its own for a thread that may outlive the request.
class OwnFile {
 public:
  explicit OwnFile(int file) : file_(fcntl(file, F_DUPFD_CLOEXEC, 0)) {}
  ~OwnFile() {
    if (file_ >= 0) close(file_);
  }
  OwnFile(const OwnFile&) = delete;

  Status Append(off_t from, off_t to, std::string& text) const {
    const size_t kept = text.size();
    text.resize(kept + static_cast<size_t>(to - from));
    for (size_t at = kept; at < text.size();) {
      const ssize_t got = pread(file_, text.data() + at, text.size() - at, from);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0)
        return Error(ErrorCode::kInternal,
                     std::string("cannot read a body: ") +
                         (got == 0 ? "its end is missing" : std::strerror(errno)));
      at += static_cast<size_t>(got);
      from += got;
    }
    return Ok();
  }

 private:
  const int file_;
};

// A part of a body: a text, or a range of its file.
struct Piece {
  std::string text;
  off_t from = 0, to = 0;
};

}  // namespace

RequestContext::BodyLoader RequestContext::SpilledBody() const {
  const ngx_http_request_body_t* body = r_->request_body;
  if (body == nullptr || body->temp_file == nullptr) return nullptr;
  std::vector<Piece> pieces;
  for (const ngx_chain_t* link = body->bufs; link != nullptr; link = link->next) {
    const ngx_buf_t* b = link->buf;
    Piece& piece = pieces.emplace_back();
    if (b->in_file) {
      piece.from = b->file_pos;
      piece.to = b->file_last;
    } else {
      piece.text.assign(reinterpret_cast<const char*>(b->pos), b->last - b->pos);
    }
  }
  const auto file = std::make_shared<const OwnFile>(body->temp_file->file.fd);
  return [file, pieces = std::move(pieces)]() -> Result<std::string> {
    std::string text;
    for (const Piece& piece : pieces) {
      text += piece.text;
      if (Status read = file->Append(piece.from, piece.to, text); !read) return read.error();
    }
    return text;
  };
}

void RequestContext::ReadBody(BodyReader done) {
  if (new_body_) return done(std::string_view(*new_body_));
  ReadClientBody(std::move(done));
}

int64_t RequestContext::BodySize() const {
  if (new_body_) return static_cast<int64_t>(new_body_->size());
  int64_t size = 0;
  if (r_->request_body == nullptr) return size;
  for (const ngx_chain_t* link = r_->request_body->bufs; link != nullptr; link = link->next)
    size += ngx_buf_size(link->buf);
  return size;
}

void RequestContext::ReadClientBody(BodyReader done) {
  body_done_ = std::move(done);
  const ngx_int_t rc = ngx_http_read_client_request_body(r_, [](ngx_http_request_t* r) {
    RequestContext* context = Find(r);
    auto done_now = std::exchange(context->body_done_, nullptr);
    GuardVoid(r->connection->log, "request body", [&] {
      if (done_now) done_now(BodyOf(r));
    });
  });
  if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
    // Refused (too large, broken): nobody waits for it any more, the phase handler gives this
    // status.
    body_done_ = nullptr;
    body_error_ = rc;
    return;
  }
  // The phases hold the request; the reader's own reference is not needed.
  --r_->main->count;
}

void RequestContext::SetRequestBody(std::string body) { new_body_ = std::move(body); }

void RequestContext::ReplaceBody() {
  const std::string body = *std::exchange(new_body_, std::nullopt);
  request_headers::Set(r_, "Content-Length", std::to_string(body.size()));
  request_headers::Remove(r_, "Transfer-Encoding");
  r_->headers_in.chunked = 0;
  const ngx_str_t text = CopyTo(r_->pool, body);
  auto* buffer = static_cast<ngx_buf_t*>(ngx_calloc_buf(r_->pool));
  ngx_chain_t* link = ngx_alloc_chain_link(r_->pool);
  if (text.data == nullptr || buffer == nullptr || link == nullptr) throw std::bad_alloc();
  buffer->pos = buffer->start = text.data;
  buffer->last = buffer->end = text.data + text.len;
  buffer->memory = 1;
  link->buf = buffer;
  link->next = nullptr;
  r_->request_body->bufs = text.len == 0 ? nullptr : link;
  r_->request_body->temp_file = nullptr;
  r_->request_body->rest = 0;
}

}  // namespace silverback::nginx
