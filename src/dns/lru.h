// Lru: a map of limited size that drops what has not been used for the longest time. One thread.
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace silverback::dns {

template <class Value>
class Lru {
 public:
  explicit Lru(size_t limit) : limit_(limit > 0 ? limit : 1) {}

  // nullptr when it is not there. Pointers hold until the entry is dropped.
  Value* Find(std::string_view key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return &found->second->second;
  }

  Value& FindOrMake(std::string_view key) {
    if (Value* found = Find(key)) return *found;
    if (order_.size() >= limit_) {
      index_.erase(order_.back().first);
      order_.pop_back();
    }
    order_.emplace_front(std::string(key), Value());
    index_.emplace(order_.front().first, order_.begin());
    return order_.front().second;
  }

  size_t size() const { return order_.size(); }
  // Pairs of key and value, the one that was used last first.
  auto begin() const { return order_.begin(); }
  auto end() const { return order_.end(); }

 private:
  const size_t limit_;
  std::list<std::pair<std::string, Value>> order_;
  std::unordered_map<std::string_view, typename decltype(order_)::iterator> index_;
};

}  // namespace silverback::dns
