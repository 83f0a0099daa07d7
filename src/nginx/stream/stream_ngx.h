// nginx's stream headers for C++. Only src/nginx/stream includes this.
#pragma once

#include "nginx/ngx.h"

extern "C" {
#include <ngx_stream.h>
#include <ngx_stream_ssl_module.h>
}
