// Changes that plugins make to the entry of a request for the log (kong.log.set_serialize_value).
// Pure functions; any thread.
#pragma once

#include <string>
#include <vector>

#include "util/json.h"

namespace silverback::plugin {

enum class LogEditMode {
  kSet,      // whatever was there
  kAdd,      // only where nothing was
  kReplace,  // only where something was
};

struct LogEdit {
  std::string path;  // of members, with dots: "request.headers.x-id"
  Json value;        // null takes the member out
  LogEditMode mode = LogEditMode::kSet;
};

void ApplyEdits(const std::vector<LogEdit>& edits, Json& entry);

}  // namespace silverback::plugin
