// YAML to documents, through libyaml. Pure function; any thread.
#pragma once

#include <string_view>

#include "util/json.h"
#include "util/result.h"

namespace silverback::store::declarative {

// The first document of the stream (all are checked); null when there is none. Anchors, aliases and
// merge keys are resolved; of equal keys the last one counts. Error: kInvalidInput with
// "LINE:COLUMN: problem".
Result<Json> ReadYaml(std::string_view text);

}  // namespace silverback::store::declarative
