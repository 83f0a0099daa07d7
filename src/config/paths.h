// Where things lie in a prefix, and paths in general.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace silverback::config {

// Derived properties and the paths below the prefix that are their values.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 23> kPrefixPaths = {{
    {"nginx_pid", "pids/nginx.pid"},
    {"nginx_err_logs", "logs/error.log"},
    {"nginx_acc_logs", "logs/access.log"},
    {"admin_acc_logs", "logs/admin_access.log"},
    {"nginx_conf", "nginx.conf"},
    {"nginx_kong_conf", "nginx-kong.conf"},
    {"nginx_kong_stream_conf", "nginx-kong-stream.conf"},
    {"kong_env", ".kong_env"},
    {"ssl_cert_csr_default", "ssl/kong-default.csr"},
    {"ssl_cert_default", "ssl/kong-default.crt"},
    {"ssl_cert_key_default", "ssl/kong-default.key"},
    {"ssl_cert_default_ecdsa", "ssl/kong-default-ecdsa.crt"},
    {"ssl_cert_key_default_ecdsa", "ssl/kong-default-ecdsa.key"},
    {"client_ssl_cert_default", "ssl/kong-default.crt"},
    {"client_ssl_cert_key_default", "ssl/kong-default.key"},
    {"admin_ssl_cert_default", "ssl/admin-kong-default.crt"},
    {"admin_ssl_cert_key_default", "ssl/admin-kong-default.key"},
    {"admin_ssl_cert_default_ecdsa", "ssl/admin-kong-default-ecdsa.crt"},
    {"admin_ssl_cert_key_default_ecdsa", "ssl/admin-kong-default-ecdsa.key"},
    {"status_ssl_cert_default", "ssl/status-kong-default.crt"},
    {"status_ssl_cert_key_default", "ssl/status-kong-default.key"},
    {"status_ssl_cert_default_ecdsa", "ssl/status-kong-default-ecdsa.crt"},
    {"status_ssl_cert_key_default_ecdsa", "ssl/status-kong-default-ecdsa.key"},
}};

// Against the working directory, without "." and ".." and a slash at the end.
std::string AbsolutePath(const std::string& path);
// The same when there is such a file; `path` itself when not.
std::string AbsolutePathIfExists(const std::string& path);

}  // namespace silverback::config
