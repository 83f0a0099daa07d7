// Draining: what becomes of idle client connections when a worker is to end (reload, quit). nginx
// closes them at once, so a request that is on its way meets a closed connection. Here they stay
// open for a moment: the request that comes is answered, with "Connection: close".
//
// HTTP/1 only: HTTP/2 has GOAWAY for it. Event loop only.
#pragma once

#include "nginx/ngx.h"

namespace silverback::nginx {

// To be called before nginx closes idle connections.
void LetClientsFinish(ngx_cycle_t* cycle);

// Says in the response that the connection ends with it, when it does.
void AnnounceClose(ngx_http_request_t* r);

}  // namespace silverback::nginx
