// Which numbers the clients of the Admin API, who know one type only, take for integers. Private to
// util.
#pragma once

#include <cmath>

namespace silverback {

inline bool IsIntegral(double value) {
  constexpr double kMaxExactInteger = 9007199254740992.0;  // 2^53
  return std::isfinite(value) && value == std::trunc(value) && std::fabs(value) <= kMaxExactInteger;
}

}  // namespace silverback
