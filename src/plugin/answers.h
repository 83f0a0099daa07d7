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
// The same with any document as body.
Next RespondDocument(Exchange& exchange, int status, const Json& document);

}  // namespace silverback::plugin
