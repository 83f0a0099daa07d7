// Where a PostgreSQL server is and how to talk to it: what the `pg_*` properties of kong.conf say,
// and `pg_ro_*` for a read-only replica of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/gateway_conf.h"

namespace silverback::store::postgres {

// How sessions are named, for administrators and for nodes of other versions: "silverback 2.8.5".
inline constexpr std::string_view kApplication = "silverback ", kVersion = "2.8.5";

struct Options {
  // A name, an address, or the folder of a unix socket; several names separated by commas are tried
  // in order until one takes writes.
  std::string host = "127.0.0.1";
  std::string port = "5432";
  std::string user = "kong";
  std::string password;
  std::string database = "kong";
  std::string schema;  // "": the server's choice (search_path)
  // TLS when the server has it; with ssl_verify always, and the server's certificate must be signed
  // by one of the file `trusted_certificates` (its name is not looked at, as in Kong).
  bool ssl = false;
  bool ssl_verify = false;
  std::string trusted_certificates;  // a PEM file; "": the system's
  // How long connecting may take, and how long the server may be silent in the middle of a
  // statement; 0: for ever.
  int timeout_ms = 5000;
  int max_concurrent_queries = 0;    // of this process; 0: no limit
  int semaphore_timeout_ms = 60000;  // how long a transaction waits for its turn
};

Options OptionsOf(const config::GatewayConf& conf);
// Each `pg_ro_*` that is not given is as its `pg_*`; nullopt: no pg_ro_host.
std::optional<Options> ReplicaOptionsOf(const config::GatewayConf& conf);

}  // namespace silverback::store::postgres
