#include <string>

#include "admin/crud_endpoints.h"
#include "admin/entity_access.h"
#include "admin/json_body.h"
#include "admin/routes/routes.h"

namespace silverback::admin {
namespace {

// ?custom_id=X: the consumer with that id of the user's, as a list of one or none.
Response FindByCustomId(Call& call, const Json& custom_id) {
  store::Page page;
  const std::string id = custom_id.is_string() ? custom_id.get<std::string>() : "";
  if (id.empty() || InvalidUtf8At(id) != 0 || id.find('\0') != std::string::npos) {
    return ErrorResponse(Error(ErrorCode::kInvalidUnique, "length must be at least 1",
                               Json{{"custom_id", "length must be at least 1"}}));
  }
  const auto row = call.context.dao.Select("consumers", {"custom_id", id});
  if (!row) return ErrorResponse(row.error());
  if (*row) page.rows.push_back(**row);
  return PageResponse(page, "/consumers");
}

}  // namespace

void AddConsumerEndpoints(const Context& context, EndpointTable& table) {
  const schema::Schema* consumers = context.catalog.Entity("consumers");
  if (consumers == nullptr) return;
  table.At("/consumers").methods["GET"] = [consumers](Call& call) {
    const Json* custom_id = FindMember(call.args.query, "custom_id");
    return custom_id ? FindByCustomId(call, *custom_id) : ListCollection(call, *consumers);
  };
}

}  // namespace silverback::admin
