// SharedDictionary: plugin::Dictionary in memory that all workers map. Its size is fixed: what was
// used longest ago makes room. Values lie in blocks of one size, so that memory does not fragment,
// and are copied a few blocks at a time, so that nobody waits long for the lock. A process that is
// killed while it changes the dictionary leaves it empty, never broken.
//
// Each process makes its own object; any of its threads may call it.
#pragma once

#include <sys/types.h>

#include <cstddef>

#include "plugin/env.h"

namespace silverback::nginx {

class SharedDictionary final : public plugin::Dictionary {
 public:
  struct Memory;
  // Lays an empty dictionary out in `memory` of `bytes`, zeroed and aligned to 64; what is not used
  // yet is not touched. nullptr: too small.
  static Memory* Create(void* memory, size_t bytes);

  explicit SharedDictionary(Memory* memory);

  bool Put(std::string_view key, std::string_view value, double expires_at) override;
  bool Add(std::string_view key, std::string_view value, double expires_at, double now) override;
  std::optional<std::string> Get(std::string_view key, double now) override;
  bool Remove(std::string_view key, double now) override;
  void Clear() override;
  size_t LargestValue() const override;
  size_t UsedBytes() const;

 private:
  // `now`: only where nothing living is there.
  bool Store(std::string_view key, std::string_view value, double expires_at,
             std::optional<double> now);

  Memory* memory_;
  const pid_t self_;  // of the process that made this object
};

}  // namespace silverback::nginx
