// Configuration of the HTTP module (the stream module's: stream/stream_module.h): what its
// directives set, by block. Plain structs, as nginx'
// configuration parser writes through offsets into them. Owned by the configuration's pool.
#pragma once

#include "nginx/ngx.h"

namespace silverback::config {
class GatewayConf;
}

namespace silverback::nginx {

// The variables that the proxy's directives use.
enum Variable : int {
  kUpstreamScheme,
  kUpstreamGrpcScheme,
  kUpstreamUri,
  kUpstreamHost,
  kUpstreamHead,
  kUpstreamTe,
  kUpstreamUpgrade,
  kUpstreamConnection,
  kForwardedFor,
  kForwardedProto,
  kForwardedHost,
  kForwardedPort,
  kForwardedPath,
  kForwardedPrefix,
  kProxyMode,
  kContextReference,
  kVariableCount
};

// What the http and the stream block both say of the node; the worker's Gateway is made from it.
struct NodeConf {
  ngx_str_t env_file;
  // What the file says. The master reads it, and workers inherit it: those that start later, while
  // the file is being written anew, run by the settings of the others. Owned by the cycle's pool.
  const config::GatewayConf* settings;
  size_t shared_memory;
  ngx_shm_zone_t* zone;       // null: the module is loaded, but not used in that block
  ngx_array_t* dictionaries;  // of ngx_shm_zone_t*; null: none
};
constexpr size_t kDefaultSharedMemory = 5 * 1024 * 1024;

// Fills in what the block leaves out and reads the settings; an nginx error string or NGX_CONF_OK.
char* InitNodeConf(ngx_conf_t* cf, NodeConf& node);

// In the master, before workers start: as root it makes the folder of the replica for their user,
// who may not make any in the prefix. NGX_ERROR: it is logged why.
ngx_int_t MakeReplicaFolder(ngx_cycle_t* cycle, const NodeConf& node);

struct MainConf {
  NodeConf node;
  ngx_int_t variables[kVariableCount];  // their indexes
  ngx_int_t request_uri;                // nginx' own
};

struct ServerConf {
  ngx_flag_t certificate;
};

struct LocationConf {
  ngx_flag_t proxy;
};

// The part of a request that names what it runs into, for the phases.
MainConf* MainConfOf(ngx_http_request_t* r);
LocationConf* LocationConfOf(ngx_http_request_t* r);

}  // namespace silverback::nginx

extern "C" ngx_module_t ngx_http_silverback_module;
extern "C" ngx_module_t ngx_http_silverback_filter_module;
