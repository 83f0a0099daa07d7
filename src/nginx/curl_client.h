// The HTTP client that plugins use: libcurl's multi interface on nginx' event loop. Connections are
// pooled by libcurl; names are looked up by the worker's DNS client. Event loop only. Requests that
// are under way delay a graceful shutdown; when the client is destroyed they end without a word.
#pragma once

#include <memory>

#include "nginx/event_loop.h"
#include "nginx/io_loop.h"
#include "plugin/env.h"

namespace silverback::dns {
class Client;
}

namespace silverback::nginx {

// `ca_bundle`: the file of trusted authorities; "" for the system's. nullptr when libcurl cannot be
// used.
std::unique_ptr<plugin::HttpClient> MakeCurlClient(EventLoop& loop, IoLoop& io, dns::Client& dns,
                                                   ngx_log_t* log, std::string ca_bundle);

}  // namespace silverback::nginx
