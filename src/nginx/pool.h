// PoolNew: a C++ object in an nginx pool, destroyed with the pool. PoolFind finds it again.
#pragma once

#include <new>
#include <utility>

#include "nginx/ngx.h"

namespace silverback::nginx {

template <class T>
void PoolDestroy(void* object) {
  static_cast<T*>(object)->~T();
}

// Throws std::bad_alloc when the pool cannot grow, and what the constructor throws; then no
// destructor will run.
template <class T, class... Args>
T* PoolNew(ngx_pool_t* pool, Args&&... args) {
  ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(pool, sizeof(T));
  if (cleanup == nullptr) throw std::bad_alloc();
  cleanup->handler = nullptr;
  T* object = new (cleanup->data) T(std::forward<Args>(args)...);
  cleanup->handler = &PoolDestroy<T>;
  return object;
}

// The newest T that PoolNew made in `pool`, or nullptr. Works after an internal redirect too, which
// clears the contexts of modules.
template <class T>
T* PoolFind(ngx_pool_t* pool) {
  for (ngx_pool_cleanup_t* c = pool->cleanup; c != nullptr; c = c->next) {
    if (c->handler == &PoolDestroy<T>) return static_cast<T*>(c->data);
  }
  return nullptr;
}

}  // namespace silverback::nginx
