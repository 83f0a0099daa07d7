// A small HTTP/1.1 server for tests: one thread per connection, keepalive, Content-Length and
// chunked request bodies. Not for production: no limits, no timeouts.
#pragma once

#include <functional>
#include <string>

#include "admin/api.h"

namespace silverback::test {

// Serves `handle` on 127.0.0.1:`port` until the process ends. Gives false when the port is taken.
bool ServeHttp(int port, const std::function<admin::Response(const admin::Request&)>& handle);

}  // namespace silverback::test
