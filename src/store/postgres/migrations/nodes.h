// Who else uses the database: nodes name their sessions "silverback VERSION", so that nodes of an
// older version are seen, and any other program that works with the gateway's role is one that may
// be a node of Kong.
#pragma once

#include <string>
#include <vector>

#include "store/postgres/migrations/session.h"

namespace silverback::store::postgres::migrations {

// One line each: "Kong or another program (pgmoon) at 10.0.0.3, process 17". A session that ends
// while we look again is not counted. Blocks for a moment when there are any.
Result<std::vector<std::string>> OlderNodes(Session& session);

// Whether the session name `name` is that of a node of ours older than this one.
bool IsOlderNode(std::string_view name);

}  // namespace silverback::store::postgres::migrations
