// The kinds of attributes by which routes match, as bits; a route's category is the set of those
// that it has. Kong tries categories with more attributes first, then the more significant ones.
#pragma once

#include <bit>
#include <cstdint>

namespace silverback::router {

using Category = uint8_t;
constexpr Category kByHost = 0x40;
constexpr Category kByHeader = 0x20;
constexpr Category kByPath = 0x10;
constexpr Category kByMethod = 0x08;
constexpr Category kBySni = 0x04;
constexpr Category kBySource = 0x02;
constexpr Category kByDestination = 0x01;

// Whether routes of category `a` are tried before those of `b`.
inline bool TriedBefore(Category a, Category b) {
  const int more_a = std::popcount(a), more_b = std::popcount(b);
  return more_a != more_b ? more_a > more_b : a > b;
}

}  // namespace silverback::router
