// The document that request-termination answers with when it echoes.
#pragma once

#include <string>
#include <string_view>

#include "plugin/exchange.h"

namespace silverback::plugins {

Json EchoOf(const plugin::Exchange& exchange, std::string_view body, const std::string& node_id,
            const std::string& message);

}  // namespace silverback::plugins
