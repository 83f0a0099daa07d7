#include "nginx/stream/client_hello.h"

#include <openssl/err.h>

#include <new>

namespace silverback::nginx {
namespace {

// What Read waits for, reachable from the connection that parses.
struct Seen {
  bool complete = false;
  std::string* server_name;
};

// The name in a server_name extension: a list's length, a type, a length, the name.
std::string_view HostName(const unsigned char* data, size_t size) {
  constexpr size_t kHeader = 5;
  if (size < kHeader || data[2] != TLSEXT_NAMETYPE_host_name) return {};
  const size_t length = static_cast<size_t>(data[3]) << 8 | data[4];
  if (length > size - kHeader) return {};
  return {reinterpret_cast<const char*>(data + kHeader), length};
}

int OnClientHello(SSL* connection, int*, void*) {
  auto& seen = *static_cast<Seen*>(SSL_get_app_data(connection));
  seen.complete = true;
  const unsigned char* data = nullptr;
  size_t size = 0;
  if (SSL_client_hello_get0_ext(connection, TLSEXT_TYPE_server_name, &data, &size) == 1)
    *seen.server_name = HostName(data, size);
  return SSL_CLIENT_HELLO_ERROR;  // that was all that we wanted to know
}

}  // namespace

ClientHelloReader::ClientHelloReader() : context_(SSL_CTX_new(TLS_server_method())) {
  if (context_ == nullptr) throw std::bad_alloc();
  SSL_CTX_set_client_hello_cb(context_, &OnClientHello, nullptr);
}

ClientHelloReader::~ClientHelloReader() {
  SSL_free(connection_);
  SSL_CTX_free(context_);
}

ClientHelloReader::Outcome ClientHelloReader::Read(std::string_view bytes,
                                                   std::string& server_name) {
  if (connection_ == nullptr) connection_ = SSL_new(context_);
  BIO* in = BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()));
  BIO* out = BIO_new(BIO_s_null());
  if (connection_ == nullptr || in == nullptr || out == nullptr) throw std::bad_alloc();
  BIO_set_mem_eof_return(in, -1);  // the end is not the end of the connection
  SSL_set_bio(connection_, in, out);
  server_name.clear();
  Seen seen{false, &server_name};
  SSL_set_app_data(connection_, &seen);
  const int rc = SSL_accept(connection_);
  const int why = SSL_get_error(connection_, rc);
  ERR_clear_error();
  if (SSL_clear(connection_) != 1) {
    SSL_free(connection_);
    connection_ = nullptr;
  }
  if (seen.complete) return Outcome::kComplete;
  return why == SSL_ERROR_WANT_READ && bytes.size() < kMostBytes ? Outcome::kIncomplete
                                                                 : Outcome::kNotTls;
}

}  // namespace silverback::nginx
