// Configuration of the stream module: what its directives set, by block, and the handlers that it
// hangs into nginx's phases. Plain structs, as nginx's parser writes through offsets into them.
#pragma once

#include "nginx/conf.h"
#include "nginx/stream/stream_ngx.h"

namespace silverback::nginx {

struct StreamMainConf {
  NodeConf node;
};

struct StreamServerConf {
  ngx_flag_t proxy;
  ngx_flag_t certificate;
  ngx_stream_content_handler_pt pass;  // what proxy_pass installed; ours hands sessions over to it
};

StreamServerConf* ServerConfOf(ngx_stream_session_t* s);

}  // namespace silverback::nginx

extern "C" ngx_module_t ngx_stream_silverback_module;
