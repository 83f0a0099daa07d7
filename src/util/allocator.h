// How this process uses memory. Any thread.
#pragma once

#include <cstddef>

namespace silverback {

// Once, at the start of a process. Documents are very many small blocks that come and go together:
// joining neighbours at once costs less than going through all of them now and then.
void TuneAllocator();

// Gives back what a large piece of work has left. Takes milliseconds: not on an event loop.
void ReturnFreeMemory();

// How many bytes of files and shared memory this process has touched and still maps.
size_t MappedBytes();

}  // namespace silverback
