// Waiting for sockets with a time limit. Private to store/postgres.
#pragma once

#include <poll.h>

#include <chrono>

namespace silverback::store::postgres {

using WaitClock = std::chrono::steady_clock;

// For ever when 0.
WaitClock::time_point EndAfter(int timeout_ms);
// At most until `end`; false: the time is over.
bool Poll(pollfd* sockets, nfds_t count, WaitClock::time_point end);

}  // namespace silverback::store::postgres
