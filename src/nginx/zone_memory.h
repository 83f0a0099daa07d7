// Memory out of a shared zone for tables of a fixed size. While the zone is made only.
#pragma once

#include "nginx/ngx.h"

namespace silverback::nginx {

// Zeroed, aligned to 64; nullptr: there is not so much left.
void* AllocateAligned(ngx_slab_pool_t* pool, size_t bytes);
// The largest table that still fits; `bytes` is its size.
void* AllocateLargest(ngx_slab_pool_t* pool, size_t& bytes);

}  // namespace silverback::nginx
