// silverback_stream.so: the HTTP modules and the stream module in one, so that a worker has one of
// everything. Loaded instead of silverback_http.so, after nginx's own stream module.
#include <ngx_config.h>
#include <ngx_core.h>

extern ngx_module_t ngx_http_silverback_module;
extern ngx_module_t ngx_http_silverback_filter_module;
extern ngx_module_t ngx_stream_silverback_module;

ngx_module_t* ngx_modules[] = {&ngx_http_silverback_module, &ngx_http_silverback_filter_module,
                               &ngx_stream_silverback_module, NULL};
char* ngx_module_names[] = {"ngx_http_silverback_module", "ngx_http_silverback_filter_module",
                            "ngx_stream_silverback_module", NULL};
char* ngx_module_order[] = {NULL};
