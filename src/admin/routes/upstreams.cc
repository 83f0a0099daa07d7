#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "admin/crud_endpoints.h"
#include "admin/entity_access.h"
#include "admin/form_args.h"
#include "admin/routes/routes.h"
#include "store/cluster_events.h"
#include "util/string_util.h"

namespace silverback::admin {
namespace {

constexpr size_t kTargetsPerRead = 1000;
constexpr size_t kDefaultPageSize = 100;
constexpr double kMaxPageSize = 1000;

const schema::Schema& Upstreams(Call& call) { return *call.context.catalog.Entity("upstreams"); }
const schema::Schema& Targets(Call& call) { return *call.context.catalog.Entity("targets"); }

// Runs `work` with the upstream's row, when it exists.
template <class Work>
Response WithUpstream(Call& call, const Work& work) {
  const auto upstream = Select(call.context, Upstreams(call), call.params[0]);
  if (!upstream) return ErrorResponse(upstream.error());
  if (!*upstream) return NotFound();
  return work(**upstream);
}

// Every target of the upstream, the newest first.
Result<std::vector<Json>> TargetsOf(store::Dao& dao, const std::string& upstream_id) {
  std::vector<Json> targets;
  store::ListOptions options;
  options.size = kTargetsPerRead;
  while (true) {
    auto page = dao.ListFor("targets", "upstream", upstream_id, options);
    if (!page) return page.error();
    std::move(page->rows.begin(), page->rows.end(), std::back_inserter(targets));
    if (!page->offset) break;
    options.offset = *page->offset;
  }
  std::sort(targets.begin(), targets.end(), [](const Json& a, const Json& b) {
    return std::pair(NumberMember(a, "created_at"), StringMember(a, "id")) >
           std::pair(NumberMember(b, "created_at"), StringMember(b, "id"));
  });
  return targets;
}

// By id or by its stored address.
Result<std::optional<Json>> FindTarget(Call& call, const Json& upstream,
                                       const std::string& wanted) {
  auto targets = TargetsOf(call.context.dao, StringMember(upstream, "id"));
  if (!targets) return targets.error();
  const std::string field = IsUuid(wanted) ? "id" : "target";
  const std::string value = IsUuid(wanted) ? ToLower(wanted) : wanted;
  for (Json& target : *targets) {
    if (StringMember(target, field) == value) return std::optional<Json>(std::move(target));
  }
  return std::optional<Json>();
}

// Runs `work` when the upstream and its target exist.
template <class Work>
Response WithTarget(Call& call, const Work& work) {
  return WithUpstream(call, [&](const Json& upstream) {
    const auto target = FindTarget(call, upstream, call.params[1]);
    if (!target) return ErrorResponse(target.error());
    return *target ? work(upstream, **target) : NotFound();
  });
}

// Targets are paged by position: an offset is how many came before.
struct TargetPage {
  std::vector<Json> rows;
  std::optional<std::string> next;
};

Result<TargetPage> ReadTargetPage(Call& call, const std::string& upstream_id) {
  const auto size = ReadSize(call.args.query);
  if (!size) return size.error();
  const double given = size->value_or(static_cast<double>(kDefaultPageSize));
  if (given != std::trunc(given) || given < 0 || given > kMaxPageSize) {
    return Error(ErrorCode::kInvalidSize, "size must be an integer between 1 and 1000");
  }
  double first = 0;
  if (const Json* offset = FindMember(call.args.query, "offset")) {
    const auto number = LuaNumber(offset->is_string() ? offset->get<std::string>() : "");
    if (!number || *number < 0) {
      return Error(ErrorCode::kInvalidOffset, "'" + StringMember(call.args.query, "offset") +
                                                  "' is not a valid offset: bad json encoding");
    }
    first = *number;
  }
  auto targets = TargetsOf(call.context.dao, upstream_id);
  if (!targets) return targets.error();
  TargetPage page;
  const size_t count = targets->size();
  const size_t begin = first < static_cast<double>(count) ? static_cast<size_t>(first) : count;
  const size_t end = std::min(count, begin + static_cast<size_t>(given));
  for (size_t i = begin; i < end; ++i) page.rows.push_back(std::move((*targets)[i]));
  if (end < count) page.next = std::to_string(end);
  return page;
}

Json PageBody(Call& call, TargetPage page, const std::string& name) {
  Json body = {{"data", std::move(page.rows)}, {"next", nullptr}};
  if (page.next) {
    body["offset"] = *page.next;
    body["next"] = "/upstreams/" + call.params[0] + "/" + name + "?offset=" + *page.next;
  }
  return body;
}

Response ListTargets(Call& call, const std::string& name) {
  return WithUpstream(call, [&](const Json& upstream) {
    auto page = ReadTargetPage(call, StringMember(upstream, "id"));
    if (!page) return ErrorResponse(page.error());
    return JsonResponse(200, PageBody(call, *std::move(page), name));
  });
}

// POST of a target that is already there changes it, which Kong calls deprecated.
Response PostTarget(Call& call) {
  return WithUpstream(call, [&](const Json& upstream) {
    const std::string address = StringMember(call.args.body, "target");
    if (!address.empty()) {
      const auto existing = FindTarget(call, upstream, address);
      if (!existing) return ErrorResponse(existing.error());
      if (*existing && StringMember(**existing, "target") == address) {
        Response response = UpdateEntity(call, Targets(call), StringMember(**existing, "id"));
        if (response.status == 200) response.headers.emplace_back("Deprecation", "true");
        return response;
      }
    }
    call.args.body["upstream"] = ReferenceTo(Upstreams(call), upstream);
    return InsertEntity(call, Targets(call));
  });
}

Response GetTarget(Call& call) {
  return WithTarget(call,
                    [](const Json&, const Json& target) { return JsonResponse(200, target); });
}

Response ChangeTarget(Call& call) {
  return WithTarget(call, [&](const Json&, const Json& target) {
    return UpdateEntity(call, Targets(call), StringMember(target, "id"));
  });
}

Response DeleteTarget(Call& call) {
  return WithTarget(call, [&](const Json&, const Json& target) {
    return DeleteEntity(call, Targets(call), StringMember(target, "id"));
  });
}

// Splits "HOST:PORT"; the port is 0 where there is none.
std::pair<std::string, int> SplitAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  const bool has_port = colon != std::string::npos && address.find(']', colon) == std::string::npos;
  if (!has_port) return {address, 0};
  return {address.substr(0, colon), std::atoi(address.c_str() + colon + 1)};
}

// The other nodes follow. That they may not hear of it is no failure of what was done here.
void TellHealth(Call& call, const Json& upstream, const Json& target, const std::string& address,
                bool healthy) {
  const auto [host, port] = SplitAddress(StringMember(target, "target"));
  const auto [ip, own_port] = SplitAddress(address);
  const store::TargetHealth health{.host = host,
                                   .ip = ip,
                                   .port = own_port != 0 ? own_port : port,
                                   .healthy = healthy,
                                   .upstream_id = StringMember(upstream, "id"),
                                   .upstream_name = StringMember(upstream, "name")};
  (void)call.context.dao.store().Tell({{std::string(store::kHealthEvents), health.ToData()}});
}

Response SetHealth(Call& call, bool healthy) {
  return WithTarget(call, [&](const Json& upstream, const Json& target) {
    const std::string address = call.params.size() > 2 ? call.params[2] : "";
    call.context.node.SetTargetHealth(StringMember(upstream, "id"), StringMember(target, "target"),
                                      address, healthy);
    TellHealth(call, upstream, target, address, healthy);
    return NoContent();
  });
}

Response BalancerHealth(Call& call, const Json& upstream) {
  const Json health = call.context.node.UpstreamHealth(StringMember(upstream, "id"));
  Json data = {{"id", upstream["id"]},
               {"health", StringMember(health, "health", "HEALTHCHECKS_OFF")}};
  if (const Json* details = FindMember(health, "details")) data["details"] = *details;
  return JsonResponse(200,
                      {{"data", data}, {"next", nullptr}, {"node_id", call.context.node.NodeId()}});
}

// A target that the balancer does not know could not be resolved.
void AddHealth(const Json& health, Json& target) {
  const Json* known = FindMember(health, "targets");
  const Json* state = known ? FindMember(*known, StringMember(target, "target")) : nullptr;
  target["health"] = state ? StringMember(*state, "health", "HEALTHCHECKS_OFF")
                           : (known ? "DNS_ERROR" : "HEALTHCHECKS_OFF");
  if (const Json* data = state ? FindMember(*state, "data") : nullptr) target["data"] = *data;
}

Response UpstreamHealth(Call& call) {
  return WithUpstream(call, [&](const Json& upstream) {
    const Json* whole = FindMember(call.args.query, "balancer_health");
    if (whole != nullptr && *whole == "1") return BalancerHealth(call, upstream);
    const std::string id = StringMember(upstream, "id");
    auto page = ReadTargetPage(call, id);
    if (!page) return ErrorResponse(page.error());
    const Json health = call.context.node.UpstreamHealth(id);
    for (Json& target : page->rows) AddHealth(health, target);
    Json body = PageBody(call, *std::move(page), "health");
    body["node_id"] = call.context.node.NodeId();
    return JsonResponse(200, body);
  });
}

void AddHealthSetters(const std::string& target, EndpointTable& table) {
  table.At(target + "/healthy").methods["POST"] = [](Call& call) { return SetHealth(call, true); };
  table.At(target + "/unhealthy").methods["POST"] = [](Call& call) {
    return SetHealth(call, false);
  };
}

// Targets are reached through their upstream only.
void HideTopLevelTargets(EndpointTable& table) {
  for (const char* pattern : {"/targets", "/targets/{targets}", "/targets/{targets}/upstream"}) {
    table.At(pattern).before = [](Call&) { return std::optional<Response>(NotFound()); };
  }
}

}  // namespace

void AddUpstreamEndpoints(const Context& context, EndpointTable& table) {
  if (context.catalog.Entity("upstreams") == nullptr ||
      context.catalog.Entity("targets") == nullptr) {
    return;
  }
  const std::string upstream = "/upstreams/{upstreams}";
  Endpoint& health = table.At(upstream + "/health");
  health.methods["GET"] = UpstreamHealth;
  health.on_status_listener = true;

  Endpoint& targets = table.At(upstream + "/targets");
  targets.methods["GET"] = [](Call& call) { return ListTargets(call, "targets"); };
  targets.methods["POST"] = PostTarget;
  targets.on_status_listener = true;
  Endpoint& all = table.At(upstream + "/targets/all");
  all.methods["GET"] = [](Call& call) { return ListTargets(call, "targets/all"); };
  all.on_status_listener = true;

  Endpoint& target = table.At(upstream + "/targets/{targets}");
  target.methods["GET"] = GetTarget;
  target.methods["PUT"] = ChangeTarget;
  target.methods["PATCH"] = ChangeTarget;
  target.methods["DELETE"] = DeleteTarget;
  target.on_status_listener = true;
  AddHealthSetters(target.pattern, table);
  AddHealthSetters(target.pattern + "/{address}", table);
  HideTopLevelTargets(table);
}

}  // namespace silverback::admin
