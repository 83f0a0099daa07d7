#include <fmt/format.h>

#include <cmath>
#include <string>

#include "admin/form_args.h"
#include "admin/routes/routes.h"
#include "util/string_util.h"

namespace silverback::admin {
namespace {

constexpr double kKibi = 1024;
constexpr int kDefaultScale = 2;
constexpr double kMaxScale = 20;

// How byte counts are written: "5.00 MiB".
struct SizeFormat {
  char unit = 'm';
  int scale = kDefaultScale;

  Json Of(double bytes) const {
    switch (unit) {
      case 'k':
        return fmt::format("{:.{}f} KiB", bytes / kKibi, scale);
      case 'm':
        return fmt::format("{:.{}f} MiB", bytes / (kKibi * kKibi), scale);
      case 'g':
        return fmt::format("{:.{}f} GiB", bytes / (kKibi * kKibi * kKibi), scale);
      default:
        return static_cast<int64_t>(bytes);
    }
  }
};

Result<SizeFormat> ReadFormat(const Json& query) {
  SizeFormat format;
  const std::string unit = StringMember(query, "unit", "m");
  const bool known =
      unit.size() == 1 && std::string_view("bBkKmMgG").find(unit) != std::string_view::npos;
  if (!known) {
    return Error(ErrorCode::kInvalidInput,
                 "invalid unit '" + unit + "' (expected 'k/K', 'm/M', or 'g/G')");
  }
  format.unit = ToLower(unit).front();
  const auto scale = LuaNumber(StringMember(query, "scale"));
  if (scale && *scale < 0) {
    return Error(ErrorCode::kInvalidInput, "scale must be equal or greater than 0");
  }
  if (scale) format.scale = static_cast<int>(std::min(*scale, kMaxScale));
  return format;
}

// Every byte count of the node's memory report; process ids stay numbers.
void FormatSizes(Json& value, const SizeFormat& format) {
  if (!value.is_structured()) return;
  for (auto& [name, member] : value.items()) {
    if (member.is_number() && name != "pid") {
      member = format.Of(member.get<double>());
    } else {
      FormatSizes(member, format);
    }
  }
}

Response NodeStatus(Call& call) {
  const auto format = ReadFormat(call.args.query);
  if (!format) return ErrorResponse(format.error());
  const Context& context = call.context;
  Json status = context.node.Status();
  if (auto memory = status.find("memory"); memory != status.end()) FormatSizes(*memory, *format);
  status["database"]["reachable"] = context.dao.store().Ping().ok();
  if (context.loader != nullptr) status["configuration_hash"] = context.loader->Hash();
  return JsonResponse(200, status);
}

Response Metrics(Call& call) {
  Response response;
  response.headers.emplace_back("Content-Type", "text/plain; charset=UTF-8");
  response.body = call.context.node.Metrics(call.context.dao.store().Ping().ok());
  return response;
}

}  // namespace

void AddStatusEndpoints(const Context& context, EndpointTable& table) {
  Endpoint& status = table.At("/status");
  status.methods["GET"] = NodeStatus;
  status.on_status_listener = true;
  if (context.catalog.Plugin("prometheus") == nullptr) return;
  Endpoint& metrics = table.At("/metrics");
  metrics.methods["GET"] = Metrics;
  metrics.on_status_listener = true;
}

}  // namespace silverback::admin
