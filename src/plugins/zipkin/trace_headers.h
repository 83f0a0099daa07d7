// The headers by which traces go from service to service: B3 (several headers or one), W3C,
// Jaeger, OpenTracing. Pure functions; event loop only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugin/env.h"
#include "plugin/exchange.h"

namespace silverback::plugins {

enum class TraceHeaders { kNone, kB3, kB3Single, kW3c, kJaeger, kOt };

// Of the configuration's names; "preserve" and "ignore" name none.
TraceHeaders ParseTraceHeaders(std::string_view name);

// What a request says of the trace that it belongs to. Ids are hexadecimal, "" where there is none.
struct IncomingTrace {
  TraceHeaders type = TraceHeaders::kNone;
  std::string trace_id, span_id, parent_id;
  std::optional<bool> sampled;
  std::vector<std::pair<std::string, std::string>> baggage;
};

// What is malformed is left out, with a warning.
IncomingTrace ReadTrace(const plugin::Exchange& exchange, plugin::Logger& log);

// The span under which the service works.
struct OutgoingTrace {
  std::string_view trace_id, span_id, parent_id;
  bool sampled = false;
  const std::vector<std::pair<std::string, std::string>>& baggage;
};

// `configured`: written in any case; `found`: what the client uses.
void WriteTrace(const OutgoingTrace& trace, TraceHeaders configured, TraceHeaders found,
                plugin::Exchange& exchange);

}  // namespace silverback::plugins
