// The three symbols by which nginx knows a dynamic module. The order puts our filters where Kong's stand: they see the
// response before compression and chunking, after the modules that make it.
#include <ngx_config.h>
#include <ngx_core.h>

extern ngx_module_t ngx_http_silverback_module;
extern ngx_module_t ngx_http_silverback_filter_module;

ngx_module_t* ngx_modules[] = {&ngx_http_silverback_module, &ngx_http_silverback_filter_module, NULL};
char* ngx_module_names[] = {"ngx_http_silverback_module", "ngx_http_silverback_filter_module", NULL};
char* ngx_module_order[] = {NULL};
