#include "plugins/zipkin/trace_headers.h"

#include <algorithm>

#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;

constexpr size_t kSpanIdSize = 16, kLongTraceIdSize = 32;

bool IsHex(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdefABCDEF") == text.npos;
}
bool IsZero(std::string_view hex) { return hex.find_first_not_of('0') == hex.npos; }
bool IsSpanId(std::string_view text) { return text.size() == kSpanIdSize && IsHex(text); }
bool IsTraceId(std::string_view text) {
  return IsHex(text) && (text.size() == kSpanIdSize || text.size() == kLongTraceIdSize);
}
// The lowest bit of flags in hexadecimal.
bool IsOdd(std::string_view hex) {
  return std::string_view("13579bdfBDF").find(hex.back()) != std::string_view::npos;
}

class Reader {
 public:
  Reader(const Exchange& exchange, plugin::Logger& log) : exchange_(exchange), log_(log) {}

  IncomingTrace Read() {
    if (const auto single = B3Single()) {
      trace_.type = TraceHeaders::kB3Single;
      ReadB3(*single);
    } else if (HasB3()) {
      trace_.type = TraceHeaders::kB3;
      ReadB3("");
    } else if (const auto w3c = exchange_.RequestHeader("traceparent")) {
      trace_.type = TraceHeaders::kW3c;
      ReadW3c(*w3c);
    } else if (const auto jaeger = exchange_.RequestHeader("uber-trace-id")) {
      trace_.type = TraceHeaders::kJaeger;
      ReadJaeger(*jaeger);
    } else if (exchange_.RequestHeader("ot-tracer-traceid")) {
      trace_.type = TraceHeaders::kOt;
      ReadOt();
    }
    if (!trace_.trace_id.empty()) ReadBaggage();
    return std::move(trace_);
  }

 private:
  void Warn(const std::string& what) {
    log_.Log(plugin::LogLevel::kWarn, "zipkin: " + what + " invalid; ignoring.");
  }

  std::optional<std::string_view> B3Single() const {
    if (const auto header = exchange_.RequestHeader("b3")) return header;
    const auto state = exchange_.RequestHeader("tracestate");
    if (state && state->starts_with("b3=") && state->size() > 3) return state->substr(3);
    return std::nullopt;
  }

  bool HasB3() const {
    for (const char* name :
         {"x-b3-sampled", "x-b3-flags", "x-b3-traceid", "x-b3-spanid", "x-b3-parentspanid"}) {
      if (exchange_.RequestHeader(name)) return true;
    }
    return false;
  }

  void ReadSampled(const char* name) {
    const auto value = exchange_.RequestHeader(name);
    if (!value) return;
    if (*value == "1" || *value == "true") {
      trace_.sampled = true;
    } else if (*value == "0" || *value == "false") {
      trace_.sampled = false;
    } else {
      Warn(std::string(name) + " header");
    }
  }

  // One id that the single header may have given already. False: it is malformed.
  template <class Check>
  bool ReadId(const char* name, Check check, std::string& id) {
    const auto value = exchange_.RequestHeader(name);
    if (!value) return true;
    if (!check(*value)) {
      Warn(std::string(name) + " header");
      return false;
    }
    if (id.empty()) id = ToLower(*value);
    return true;
  }

  void ReadB3(std::string_view single) {
    ReadSampled("x-b3-sampled");
    if (const auto flags = exchange_.RequestHeader("x-b3-flags")) {
      if (*flags == "1") {
        trace_.sampled = true;
      } else {
        Warn("x-b3-flags header");
      }
    }
    bool valid = single.empty() || ReadB3Single(single);
    valid = ReadId("x-b3-traceid", IsTraceId, trace_.trace_id) && valid;
    valid = ReadId("x-b3-spanid", IsSpanId, trace_.span_id) && valid;
    valid = ReadId("x-b3-parentspanid", IsSpanId, trace_.parent_id) && valid;
    if (!valid || trace_.trace_id.empty()) ForgetIds();
  }

  // TRACE-SPAN-SAMPLED-PARENT; only the first two are needed. Or nothing but whether to sample.
  bool ReadB3Single(std::string_view text) {
    if (text == "1" || text == "d") {
      trace_.sampled = true;
      return true;
    }
    if (text == "0") {
      trace_.sampled = trace_.sampled.value_or(false);
      return true;
    }
    const size_t dash = text.find('-');
    const std::string_view trace = text.substr(0, dash);
    std::string_view rest = dash == text.npos ? std::string_view() : text.substr(dash + 1);
    const std::string_view span = rest.substr(0, kSpanIdSize);
    rest.remove_prefix(span.size());
    SkipDash(rest);
    char sampled = 0;
    if (!rest.empty() && std::string_view("01d").find(rest.front()) != rest.npos) {
      sampled = rest.front();
      rest.remove_prefix(1);
    }
    SkipDash(rest);
    if (!IsTraceId(trace) || !IsSpanId(span) || (!rest.empty() && !IsSpanId(rest))) {
      Warn("b3 single header");
      return false;
    }
    if (sampled == '1' || sampled == 'd') {
      trace_.sampled = true;
    } else if (sampled == '0') {
      trace_.sampled = trace_.sampled.value_or(false);
    }
    trace_.trace_id = ToLower(trace);
    trace_.span_id = ToLower(span);
    trace_.parent_id = ToLower(rest);
    return true;
  }

  static void SkipDash(std::string_view& text) {
    if (text.starts_with('-')) text.remove_prefix(1);
  }

  // VERSION-TRACE-PARENT-FLAGS
  void ReadW3c(std::string_view text) {
    const auto parts = Split(text, '-');
    const bool valid = parts.size() == 4 && parts[0] == "00" &&
                       parts[1].size() == kLongTraceIdSize && IsHex(parts[1]) &&
                       !IsZero(parts[1]) && IsSpanId(parts[2]) && !IsZero(parts[2]) &&
                       parts[3].size() == 2 && IsHex(parts[3]);
    if (!valid) return Warn("W3C traceparent header");
    trace_.trace_id = ToLower(parts[1]);
    trace_.parent_id = ToLower(parts[2]);
    trace_.sampled = IsOdd(parts[3]);
  }

  // TRACE:SPAN:PARENT:FLAGS. A parent of 0, a root, is refused too, as in Kong.
  void ReadJaeger(std::string_view text) {
    const auto parts = Split(text, ':');
    const bool valid = parts.size() == 4 && IsTraceId(parts[0]) && !IsZero(parts[0]) &&
                       IsSpanId(parts[1]) && IsSpanId(parts[2]) && !IsZero(parts[2]) &&
                       parts[3].size() <= 2 && IsHex(parts[3]);
    if (!valid) return Warn("jaeger uber-trace-id header");
    trace_.trace_id = ToLower(parts[0]);
    trace_.span_id = ToLower(parts[1]);
    trace_.parent_id = ToLower(parts[2]);
    trace_.sampled = IsOdd(parts[3]);
  }

  void ReadOt() {
    ReadSampled("ot-tracer-sampled");
    bool valid = ReadId("ot-tracer-traceid", IsTraceId, trace_.trace_id);
    valid = ReadId("ot-tracer-spanid", IsSpanId, trace_.parent_id) && valid;
    if (!valid) ForgetIds();
  }

  void ForgetIds() {
    trace_.trace_id.clear();
    trace_.span_id.clear();
    trace_.parent_id.clear();
  }

  void ReadBaggage() {
    for (const auto& [name, value] : exchange_.RequestHeaders()) {
      const std::string lower = ToLower(name);
      for (const std::string_view prefix : {"uberctx-", "ot-baggage-"}) {
        if (lower.size() > prefix.size() && lower.starts_with(prefix))
          trace_.baggage.emplace_back(lower.substr(prefix.size()), PercentDecode(value, true));
      }
    }
  }

  const Exchange& exchange_;
  plugin::Logger& log_;
  IncomingTrace trace_;
};

std::string Text(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

void WriteAs(TraceHeaders type, const OutgoingTrace& trace, Exchange& exchange) {
  const std::string_view digit = trace.sampled ? "1" : "0", flags = trace.sampled ? "01" : "00";
  switch (type) {
    case TraceHeaders::kNone:
      break;
    case TraceHeaders::kB3:
      exchange.SetRequestHeader("x-b3-traceid", trace.trace_id);
      exchange.SetRequestHeader("x-b3-spanid", trace.span_id);
      exchange.SetRequestHeader("x-b3-parentspanid", trace.parent_id);
      // Flags that came say more.
      if (!exchange.RequestHeader("x-b3-flags")) exchange.SetRequestHeader("x-b3-sampled", digit);
      break;
    case TraceHeaders::kB3Single:
      exchange.SetRequestHeader(
          "b3", Text({trace.trace_id, "-", trace.span_id, "-", digit, "-", trace.parent_id}));
      break;
    case TraceHeaders::kW3c:
      exchange.SetRequestHeader("traceparent",
                                Text({"00-", trace.trace_id, "-", trace.span_id, "-", flags}));
      break;
    case TraceHeaders::kJaeger:
      exchange.SetRequestHeader("uber-trace-id", Text({trace.trace_id, ":", trace.span_id, ":",
                                                       trace.parent_id, ":", flags}));
      break;
    case TraceHeaders::kOt:
      exchange.SetRequestHeader("ot-tracer-traceid", trace.trace_id);
      exchange.SetRequestHeader("ot-tracer-spanid", trace.span_id);
      exchange.SetRequestHeader("ot-tracer-sampled", digit);
      for (const auto& [key, value] : trace.baggage)
        exchange.SetRequestHeader("ot-baggage-" + key, PercentEncode(value));
      break;
  }
}

}  // namespace

TraceHeaders ParseTraceHeaders(std::string_view name) {
  if (name == "b3") return TraceHeaders::kB3;
  if (name == "b3-single") return TraceHeaders::kB3Single;
  if (name == "w3c") return TraceHeaders::kW3c;
  if (name == "jaeger") return TraceHeaders::kJaeger;
  if (name == "ot") return TraceHeaders::kOt;
  return TraceHeaders::kNone;
}

IncomingTrace ReadTrace(const Exchange& exchange, plugin::Logger& log) {
  return Reader(exchange, log).Read();
}

void WriteTrace(const OutgoingTrace& trace, TraceHeaders configured, TraceHeaders found,
                Exchange& exchange) {
  WriteAs(configured, trace, exchange);
  if (found != configured) WriteAs(found, trace, exchange);
  for (const auto& [key, value] : trace.baggage)
    exchange.SetRequestHeader("uberctx-" + key, PercentEncode(value));
}

}  // namespace silverback::plugins
