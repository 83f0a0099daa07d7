#include <algorithm>
#include <string>

#include "admin/entity_access.h"
#include "admin/json_body.h"
#include "admin/routes/routes.h"
#include "http/uri.h"

namespace silverback::admin {
namespace {

bool IsTag(const std::string& text) {
  if (text.empty() || InvalidUtf8At(text) != 0) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7F && c != ',' && c != '/';
  });
}

Result<store::ListOptions> TagListOptions(Call& call) {
  Json query = call.args.query;
  query.erase("tags");
  return ReadListOptions(query, *call.context.catalog.Entity("services"));
}

Response ListAllTags(Call& call) {
  const auto options = TagListOptions(call);
  if (!options) return ErrorResponse(options.error());
  const auto page = call.context.dao.ListTags("", *options);
  return page ? PageResponse(*page, "/tags") : ErrorResponse(page.error());
}

// Kong takes the tag from the path as it is, percent signs included.
Response ListOfTag(Call& call) {
  const http::Target target = http::SplitTarget(call.request.target);
  const std::string tag(http::PathSegments(target.path).at(1));
  if (!IsTag(tag)) {
    return ErrorResponse(Error(ErrorCode::kInvalidUnique,
                               "invalid tag '" + tag +
                                   "': expected printable ascii (except `,` and `/`) or valid "
                                   "utf-8 sequences",
                               Json{{"tag", tag}}));
  }
  const auto options = TagListOptions(call);
  if (!options) return ErrorResponse(options.error());
  const auto page = call.context.dao.ListTags(tag, *options);
  if (!page) return ErrorResponse(page.error());
  // Kong's clients know an empty list of one tag as an empty object.
  if (page->rows.empty()) return JsonResponse(200, {{"data", Json::object()}, {"next", nullptr}});
  return PageResponse(*page, "/tags");
}

Response ReadOnly(Call&) {
  const std::string why = "does not support insert/upsert/update/delete operations";
  return ErrorResponse(Error(ErrorCode::kSchemaViolation, "schema violation (tags: " + why + ")",
                             Json{{"tags", why}}));
}

}  // namespace

void AddTagEndpoints(const Context&, EndpointTable& table) {
  Endpoint& all = table.At("/tags");
  all.methods["GET"] = ListAllTags;
  all.methods["POST"] = ReadOnly;
  Endpoint& one = table.At("/tags/{tags}");
  one.methods["GET"] = ListOfTag;
  for (const char* method : {"PUT", "PATCH", "DELETE"}) one.methods[method] = ReadOnly;
}

}  // namespace silverback::admin
