// What the plugin counts of requests and sessions: sums that all workers share, by names that say
// what and whose, and how they are shown. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugin/env.h"
#include "plugin/exchange.h"
#include "plugins/prometheus/exposition.h"

namespace silverback::plugins {

// Counts one request or session. `by_consumer`: also by its consumer.
void CountTraffic(const plugin::Exchange& exchange, bool by_consumer, plugin::Sums& sums);

// Shows what was counted.
void ShowTraffic(const std::vector<std::pair<std::string, double>>& sums, Exposition& exposition);

}  // namespace silverback::plugins
