// What a TLS client says first, read from bytes that nobody has consumed yet: OpenSSL does the
// parsing, the handshake itself happens elsewhere. One per worker; event loop only.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

namespace silverback::nginx {

class ClientHelloReader {
 public:
  enum class Outcome {
    kComplete,
    kIncomplete,  // more bytes are needed
    kNotTls,
  };
  // Larger hellos are taken for no TLS: one record holds no more.
  static constexpr size_t kMostBytes = 16384 + 5;

  ClientHelloReader();
  ~ClientHelloReader();

  // `bytes`: all that was received so far. `server_name`: that of a complete hello, "" without one.
  Outcome Read(std::string_view bytes, std::string& server_name);

 private:
  SSL_CTX* context_;
  SSL* connection_ = nullptr;  // used again for each hello
};

}  // namespace silverback::nginx
