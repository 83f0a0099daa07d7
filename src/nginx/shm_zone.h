// The shared zone of a node: the state by which its workers stay in step, the health of
// targets, and the counters. It survives reloads as long as its size stays the same.
#pragma once

#include "health/table.h"
#include "nginx/ngx.h"
#include "nginx/shared_counters.h"
#include "runtime/shared_state.h"

namespace silverback::nginx {

struct ZoneContent {
  runtime::SharedState* state;
  SharedCounters::Table* counters;
  size_t counters_bytes;  // of the zone: as much as was left
  health::Table* health;
};

// While the configuration is read; nullptr: it is logged why not.
ngx_shm_zone_t* AddZone(ngx_conf_t* cf, size_t bytes);

// REQUIRES: the zone is initialised (workers run).
ZoneContent* ContentOf(ngx_shm_zone_t* zone);

}  // namespace silverback::nginx
