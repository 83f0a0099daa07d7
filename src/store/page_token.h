// Page tokens: the opaque `offset` of lists, the base64 form of a JSON list that names the last
// item of the page before. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "util/json.h"
#include "util/result.h"

namespace silverback::store {

std::string EncodePageToken(const Json& parts);
// Errors: kInvalidOffset.
Result<Json> DecodePageToken(std::string_view token);
// A token of one text, the last primary key; "" for an empty token.
Result<std::string> DecodeKeyToken(std::string_view token);

}  // namespace silverback::store
