#include <string>

#include "admin/entity_access.h"
#include "admin/routes/routes.h"
#include "util/string_util.h"

namespace silverback::admin {
namespace {

constexpr size_t kGroupsPerPage = 1000;

Result<std::string> FindGroup(store::Dao& dao, const std::string& consumer_id,
                              const std::string& group) {
  store::ListOptions options;
  options.size = kGroupsPerPage;
  while (true) {
    const auto page = dao.ListFor("acls", "consumer", consumer_id, options);
    if (!page) return page.error();
    for (const Json& row : page->rows) {
      if (StringMember(row, "group") == group) return StringMember(row, "id");
    }
    if (!page->offset) return std::string();
    options.offset = *page->offset;
  }
}

// Below a consumer, its groups are addressed by their name too; PUT makes the one that is missing.
std::optional<Response> ResolveGroup(Call& call, const schema::Schema& consumers) {
  const std::string group = call.params[1];
  if (IsUuid(group)) return std::nullopt;
  const auto consumer = Select(call.context, consumers, call.params[0]);
  if (!consumer) return ErrorResponse(consumer.error());
  if (!*consumer) return NotFound();
  const auto id = FindGroup(call.context.dao, PrimaryKeyOf(consumers, **consumer), group);
  if (!id) return ErrorResponse(id.error());
  const bool replaces = call.request.method == "PUT";
  if (id->empty() && !replaces) return NotFound();
  call.params[1] = id->empty() ? NewUuid() : *id;
  if (replaces && !call.args.body.contains("group")) call.args.body["group"] = group;
  return std::nullopt;
}

}  // namespace

void AddAclEndpoints(const Context& context, EndpointTable& table) {
  const schema::Schema* consumers = context.catalog.Entity("consumers");
  if (consumers == nullptr || context.catalog.Entity("acls") == nullptr) return;
  table.At("/consumers/{consumers}/acls/{acls}").before = [consumers](Call& call) {
    return ResolveGroup(call, *consumers);
  };
}

}  // namespace silverback::admin
