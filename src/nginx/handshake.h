// What happens in the middle of clients' TLS handshakes: the certificate of the name that they ask
// for, and the plugins that take part.
#pragma once

#include <openssl/ssl.h>

#include <string>

#include "nginx/ngx.h"

namespace silverback::nginx {

enum class Traffic { kHttp, kStream };

// Handshakes of `context` present the certificates of ThisGateway().
void ServeCertificates(SSL_CTX* context, Traffic traffic);
// That, for the HTTP servers that have `silverback_certificate`.
ngx_int_t AddCertificateCallbacks(ngx_conf_t* cf);

// What the client has shown, its own certificate first, as PEM; "" when it has shown none.
std::string ClientChain(SSL* ssl);

}  // namespace silverback::nginx
