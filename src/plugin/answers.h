// The answers that plugins give most often.
#pragma once

#include <string>
#include <string_view>

#include "plugin/exchange.h"
#include "plugin/plugin.h"

namespace silverback::plugin {

// A refusal in the format that the client accepts. Gives Next::kRespond.
Next Refuse(Exchange& exchange, int status, std::string_view message, Headers headers = {});
// {"message": ...} whatever the client accepts. Gives Next::kRespond.
Next RespondJson(Exchange& exchange, int status, std::string_view message, Headers headers = {});
// Body and headers as they are given: no format is chosen for the client. Gives Next::kRespond.
Next RespondRaw(Exchange& exchange, int status, std::string body, Headers headers = {});
// The same as RespondJson with any document as body.
Next RespondDocument(Exchange& exchange, int status, const Json& document);

}  // namespace silverback::plugin
