#include "balancer/algorithms.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace silverback::balancer {
namespace {

// A wheel with more points costs more than exact shares are worth.
constexpr int64_t kMostPoints = 1 << 20;

constexpr int kPointsPerTarget = 160;
constexpr int kFewestSlots = 1000;

int64_t Points(int weight, int64_t divisor) {
  if (weight <= 0) return 0;
  return std::max<int64_t>(1, weight / divisor);
}

}  // namespace

void Wheel::Build(const std::vector<PeerRef>& peers) {
  int64_t divisor = 0, total = 0;
  for (const PeerRef& peer : peers) {
    divisor = std::gcd(divisor, int64_t{peer->weight});
    total += peer->weight;
  }
  points_.clear();
  at_ = 0;
  if (total <= 0) return;
  divisor = std::max(divisor, (total + kMostPoints - 1) / kMostPoints);
  for (size_t i = 0; i < peers.size(); ++i) {
    points_.insert(points_.end(), static_cast<size_t>(Points(peers[i]->weight, divisor)),
                   static_cast<int32_t>(i));
  }
  std::shuffle(points_.begin(), points_.end(), random_);
}

size_t Ring::Place(std::string_view value) const {
  return XXH32(value.data(), value.size(), 0) % places_.size();
}

void Ring::Build(const std::vector<PeerRef>& peers, size_t targets, int slots) {
  places_.assign(static_cast<size_t>(std::max(slots, kFewestSlots)), kNobody);
  double total = 0;
  for (const PeerRef& peer : peers) total += peer->weight;
  // In the order of names, so that collisions end the same way on every node.
  std::vector<int32_t> order(peers.size());
  std::iota(order.begin(), order.end(), 0);
  const auto address = [&](int32_t i) {
    return peers[i]->ip + ":" + std::to_string(peers[i]->port);
  };
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    if (peers[a]->host != peers[b]->host) return peers[a]->host < peers[b]->host;
    return address(a) < address(b);
  });
  for (const int32_t i : order) {
    const int weight = peers[i]->weight;
    if (weight <= 0) continue;
    const double share = weight / total * static_cast<double>(targets) * kPointsPerTarget;
    int entries = std::max(1, static_cast<int>(std::floor(share)));
    const std::string name = peers[i]->ip + "::" + std::to_string(peers[i]->port) + " ";
    for (int point = 1; point <= entries; ++point) {
      if (point > static_cast<int>(places_.size())) return;
      int32_t& place = places_[Place(name + std::to_string(point))];
      if (place == kNobody) {
        place = i;
      } else {
        ++entries;  // a place that is taken costs the address nothing
      }
    }
  }
}

}  // namespace silverback::balancer
