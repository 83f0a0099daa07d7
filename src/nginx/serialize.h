// The parts of log plugins' entries that requests and sessions share.
#pragma once

#include <openssl/ssl.h>

#include <vector>

#include "nginx/upstream_target.h"
#include "plugin/exchange.h"

namespace silverback::nginx {

// `client_verify`: how a plugin has judged the client's certificate; "" when none has.
Json TlsToJson(SSL* ssl, std::string_view client_verify);
Json TriesToJson(const Tries& tries);
// route, service, consumer and authenticated_entity of an entry.
void PutEntities(const plugin::Exchange& exchange, Json& entry);

}  // namespace silverback::nginx
