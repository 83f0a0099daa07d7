// What a node's configuration changes in the schemas of plugins before they are parsed: defaults
// and what may be configured at all. No state; any thread.
#pragma once

#include "entity/catalog.h"

namespace silverback::entity {

// `definition`: a plugin's, as its schema.json has it.
void AdaptPlugin(bool db_less, const Catalog::Environment& environment, Json& definition);

}  // namespace silverback::entity
