// What a node's configuration changes in the schemas of plugins before they are parsed: defaults
// and what may be configured at all. No state; any thread.
#pragma once

#include <span>

#include "entity/catalog.h"

namespace silverback::entity {

// Names of shared memory that plugins may be configured to use on every node.
std::span<const char* const> KnownDictionaries();

// `definition`: a plugin's, as its schema.json has it.
void AdaptPlugin(bool db_less, const Catalog::Environment& environment, Json& definition);

}  // namespace silverback::entity
