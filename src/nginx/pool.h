// PoolNew: a C++ object in an nginx pool, destroyed with the pool. PoolFind finds it again.
// PoolAllocator: a container's memory from a pool.
#pragma once

#include <new>
#include <type_traits>
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
  if constexpr (std::is_trivially_destructible_v<T>) {
    void* memory = ngx_palloc(pool, sizeof(T));
    if (memory == nullptr) throw std::bad_alloc();
    return new (memory) T(std::forward<Args>(args)...);
  }
  ngx_pool_cleanup_t* cleanup = ngx_pool_cleanup_add(pool, sizeof(T));
  if (cleanup == nullptr) throw std::bad_alloc();
  cleanup->handler = nullptr;
  T* object = new (cleanup->data) T(std::forward<Args>(args)...);
  cleanup->handler = &PoolDestroy<T>;
  return object;
}

// The newest T that PoolNew made in `pool`, or nullptr; of those that have a destructor. Works
// after an internal redirect too, which clears the contexts of modules.
template <class T>
T* PoolFind(ngx_pool_t* pool) {
  for (ngx_pool_cleanup_t* c = pool->cleanup; c != nullptr; c = c->next) {
    if (c->handler == &PoolDestroy<T>) return static_cast<T*>(c->data);
  }
  return nullptr;
}

// What a container gives back stays in the pool: for few elements, and containers of the pool's
// own life.
template <class T>
class PoolAllocator {
 public:
  using value_type = T;

  explicit PoolAllocator(ngx_pool_t* pool) : pool_(pool) {}
  template <class Other>
  explicit PoolAllocator(const PoolAllocator<Other>& other) : pool_(other.pool()) {}

  T* allocate(size_t count) {
    void* memory = ngx_palloc(pool_, count * sizeof(T));
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T*, size_t) {}
  ngx_pool_t* pool() const { return pool_; }
  bool operator==(const PoolAllocator&) const = default;

 private:
  ngx_pool_t* pool_;
};

}  // namespace silverback::nginx
