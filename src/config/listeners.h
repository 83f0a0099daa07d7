// The *_listen settings. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/gateway_conf.h"
#include "util/json.h"
#include "util/result.h"

namespace silverback::config {

// The properties that list addresses to listen on.
inline constexpr std::string_view kListenProperties[] = {
    "proxy_listen", "stream_listen", "admin_listen", "status_listen", "cluster_listen"};

// `entries`: the property's list ("127.0.0.1:8000 ssl"); a first entry "off" gives none. Error:
// kInvalidInput with the property's name and the accepted form.
Result<std::vector<Listener>> ParseListeners(std::string_view property,
                                             const std::vector<std::string>& entries);

// As the Admin API shows it and as templates read it: ip, port, listener and one member per flag.
Json ShowListener(std::string_view property, const Listener& listener);

}  // namespace silverback::config
