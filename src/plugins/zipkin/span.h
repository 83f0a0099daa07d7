// Span: a part of a trace, as Zipkin's HTTP API (version 2) takes it. A value; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "util/json.h"

namespace silverback::plugins {

struct Span {
  std::string_view kind = "SERVER";  // or "CLIENT"
  std::string name, trace_id, id, parent_id;
  int64_t started = 0, duration = 0;  // microseconds
  std::string service_name;           // of the other side
  std::string ip;
  int port = 0;
  std::map<std::string, std::string> tags;
  std::vector<std::pair<std::string_view, int64_t>> annotations;

  // A part of this one that the gateway is a client in.
  Span Child(const std::string& suffix, int64_t begin) const;
  void EndAt(int64_t end) { duration = end > started ? end - started : 0; }
  Json ToJson(const std::string& local_service, const std::string& default_service) const;
};

std::string NewSpanId();

}  // namespace silverback::plugins
