#include "admin/crud_endpoints.h"
#include "admin/entity_access.h"

namespace silverback::admin {
namespace {

// Runs `work` with the parent's row, when it exists.
template <class Work>
Response WithParent(Call& call, const Nesting& nesting, const Work& work) {
  const auto parent = Select(call.context, nesting.parent, call.params[0]);
  if (!parent) return ErrorResponse(parent.error());
  if (!*parent) return NotFound();
  return work(**parent);
}

// Runs `work` when parent and child exist and belong together.
template <class Work>
Response WithChild(Call& call, const Nesting& nesting, const Work& work) {
  return WithParent(call, nesting, [&](const Json& parent) {
    const auto child = Select(call.context, nesting.child, call.params[1]);
    if (!child) return ErrorResponse(child.error());
    const std::string parent_id = PrimaryKeyOf(nesting.parent, parent);
    if (!*child || !RefersTo(**child, nesting.foreign_field, parent_id)) return NotFound();
    return work(parent, **child);
  });
}

Response List(Call& call, const Nesting& nesting) {
  return WithParent(call, nesting, [&](const Json& parent) {
    auto options = ReadListOptions(call.args.query, nesting.child);
    if (!options) return ErrorResponse(options.error());
    options->tags.clear();  // Kong reads them here, but does not filter by them.
    const auto page = call.context.dao.ListFor(nesting.child.name(), nesting.foreign_field,
                                               PrimaryKeyOf(nesting.parent, parent), *options);
    if (!page) return ErrorResponse(page.error());
    return PageResponse(*page, "/" + CollectionName(nesting.parent) + "/" + call.params[0] + "/" +
                                   NestedName(nesting.child));
  });
}

Response Insert(Call& call, const Nesting& nesting) {
  return WithParent(call, nesting, [&](const Json& parent) {
    call.args.body[nesting.foreign_field] = ReferenceTo(nesting.parent, parent);
    return InsertEntity(call, nesting.child);
  });
}

Response Get(Call& call, const Nesting& nesting) {
  return WithChild(call, nesting,
                   [](const Json&, const Json& child) { return JsonResponse(200, child); });
}

Response Put(Call& call, const Nesting& nesting) {
  return WithParent(call, nesting, [&](const Json& parent) {
    call.args.body[nesting.foreign_field] = ReferenceTo(nesting.parent, parent);
    return ReplaceEntity(call, nesting.child, call.params[1]);
  });
}

Response Patch(Call& call, const Nesting& nesting) {
  return WithChild(call, nesting, [&](const Json& parent, const Json&) {
    if (!call.args.body.contains(nesting.foreign_field)) {
      call.args.body[nesting.foreign_field] = ReferenceTo(nesting.parent, parent);
    }
    return UpdateEntity(call, nesting.child, call.params[1]);
  });
}

Response Delete(Call& call, const Nesting& nesting) {
  return WithChild(call, nesting, [&](const Json&, const Json&) {
    return DeleteEntity(call, nesting.child, call.params[1]);
  });
}

}  // namespace

void AddNestedEndpoints(const Nesting& nesting, EndpointTable& table) {
  const std::string collection = "/" + CollectionName(nesting.parent) + "/{" +
                                 nesting.parent.name() + "}/" + NestedName(nesting.child);
  Endpoint& all = table.At(collection);
  all.methods["GET"] = [nesting](Call& call) { return List(call, nesting); };
  all.methods["POST"] = [nesting](Call& call) { return Insert(call, nesting); };

  Endpoint& item = table.At(collection + "/{" + nesting.child.name() + "}");
  item.methods["GET"] = [nesting](Call& call) { return Get(call, nesting); };
  item.methods["PUT"] = [nesting](Call& call) { return Put(call, nesting); };
  item.methods["PATCH"] = [nesting](Call& call) { return Patch(call, nesting); };
  item.methods["DELETE"] = [nesting](Call& call) { return Delete(call, nesting); };
}

}  // namespace silverback::admin
