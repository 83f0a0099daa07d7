// SharedSums: plugin::Sums in memory that all workers map: a table of a fixed size. Adding to a sum
// that is there takes no lock. A process that is killed while it adds a name loses that name only.
//
// Each process makes its own object; any of its threads may call it.
#pragma once

#include <sys/types.h>

#include "plugin/env.h"

namespace silverback::nginx {

class SharedSums final : public plugin::Sums {
 public:
  struct Memory;
  // Lays an empty table out in `memory` of `bytes`, zeroed and aligned to 64. nullptr: too small.
  static Memory* Create(void* memory, size_t bytes);

  explicit SharedSums(Memory* memory);

  bool Add(std::string_view name, double amount) override;
  std::vector<std::pair<std::string, double>> All() const override;
  size_t UsedBytes() const;

 private:
  bool Insert(uint64_t hash, std::string_view name, double amount);

  Memory* memory_;
  const pid_t self_;  // of the process that made this object
};

}  // namespace silverback::nginx
