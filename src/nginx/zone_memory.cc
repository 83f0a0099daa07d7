#include "nginx/zone_memory.h"

namespace silverback::nginx {
namespace {

// Space that the slab allocator needs for its own pages' bookkeeping.
constexpr size_t kSlabOverheadPages = 8;

}  // namespace

void* AllocateAligned(ngx_slab_pool_t* pool, size_t bytes) {
  constexpr uintptr_t kAlignment = 64;
  // The zone was mapped just now and is all zeroes: clearing it would only make it resident.
  auto* raw = static_cast<u_char*>(ngx_slab_alloc(pool, bytes + kAlignment));
  if (raw == nullptr) return nullptr;
  const auto address = reinterpret_cast<uintptr_t>(raw);
  return raw + ((kAlignment - address % kAlignment) % kAlignment);
}

void* AllocateLargest(ngx_slab_pool_t* pool, size_t& bytes) {
  pool->log_nomem = 0;
  bytes = (pool->pfree > kSlabOverheadPages ? pool->pfree - kSlabOverheadPages : 1) * ngx_pagesize;
  for (; bytes >= ngx_pagesize; bytes -= ngx_pagesize) {
    if (void* memory = AllocateAligned(pool, bytes)) return memory;
  }
  return nullptr;
}

}  // namespace silverback::nginx
