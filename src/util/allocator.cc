#include "util/allocator.h"

#include <malloc.h>
#include <unistd.h>

#include <fstream>

namespace silverback {

void TuneAllocator() {
#ifdef M_MXFAST
  mallopt(M_MXFAST, 0);
#endif
}

void ReturnFreeMemory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

size_t MappedBytes() {
  std::ifstream file("/proc/self/statm");
  size_t size = 0, resident = 0, shared = 0;
  file >> size >> resident >> shared;
  return shared * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace silverback
