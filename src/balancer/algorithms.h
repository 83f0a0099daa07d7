// The three ways to choose an address. Each works on numbers of addresses (0 .. n-1) and weights
// and knows nothing of health: the caller says which numbers will do. Pure; one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "balancer/peer.h"

namespace silverback::balancer {

constexpr int kNobody = -1;

// Weighted round robin: over a whole turn of the wheel every address comes up as often as its share
// of the weight says. The wheel is shuffled, so that workers do not move in step.
class Wheel {
 public:
  explicit Wheel(uint64_t seed) : random_(seed) {}
  void Build(const std::vector<PeerRef>& peers);
  // The next address that `accepts`, or kNobody.
  template <class F>
  int Next(F&& accepts) {
    for (size_t i = 0; i < points_.size(); ++i) {
      if (++at_ >= points_.size()) at_ = 0;
      if (accepts(points_[at_])) return points_[at_];
    }
    return kNobody;
  }

 private:
  std::mt19937_64 random_;
  std::vector<int32_t> points_;
  size_t at_ = 0;
};

// Consistent hashing: Kong 2.8's ring of `slots` places, on which every address has up to 160
// points at the hashes of its name.
class Ring {
 public:
  // `targets`: how many targets the peers belong to.
  void Build(const std::vector<PeerRef>& peers, size_t targets, int slots);
  // The first accepted address at the value's place or below, around the whole ring.
  template <class F>
  int Find(std::string_view value, F&& accepts) const {
    if (places_.empty()) return kNobody;
    size_t at = Place(value);
    for (size_t i = 0; i < places_.size(); ++i) {
      if (places_[at] != kNobody && accepts(places_[at])) return places_[at];
      at = at == 0 ? places_.size() - 1 : at - 1;
    }
    return kNobody;
  }

 private:
  size_t Place(std::string_view value) const;
  std::vector<int32_t> places_;
};

// The accepted address with the fewest connections for its weight, or kNobody.
template <class F>
int LeastConnected(const std::vector<PeerRef>& peers, F&& accepts) {
  int best = kNobody;
  double least = 0;
  for (int i = 0; i < static_cast<int>(peers.size()); ++i) {
    const Peer& peer = *peers[static_cast<size_t>(i)];
    if (peer.weight <= 0) continue;
    // One more than there are: of idle ones the heaviest comes first.
    const double load = (peer.connections + 1.0) / peer.weight;
    if ((best == kNobody || load < least) && accepts(i)) {
      best = i;
      least = load;
    }
  }
  return best;
}

}  // namespace silverback::balancer
