#include <algorithm>
#include <string>

#include "admin/crud_endpoints.h"
#include "admin/entity_access.h"
#include "admin/entity_writer.h"
#include "admin/routes/routes.h"
#include "util/string_util.h"

namespace silverback::admin {
namespace {

// The name of a new certificate's path joins those that it is given; without any it has none.
void AddNameTo(Json& body, const std::string& name) {
  const auto names = body.find("snis");
  if (names == body.end()) return;
  if (names->is_string()) *names = Split(names->get<std::string>(), ',');
  if (names->is_array() && std::find(names->begin(), names->end(), name) == names->end())
    names->push_back(name);
}

// Certificates are addressed by their names too; PUT makes the certificate when no name is known.
std::optional<Response> ResolveName(Call& call) {
  std::string& segment = call.params[0];
  if (IsUuid(segment)) return std::nullopt;
  const schema::Schema* snis = call.context.catalog.Entity("snis");
  const auto row = Select(call.context, *snis, segment);
  if (!row) return ErrorResponse(row.error());
  if (*row) {
    segment = ForeignId(**row, "certificate");
  } else if (call.request.method == "PUT") {
    AddNameTo(call.args.body, segment);
    segment = NewUuid();
  } else {
    return MessageResponse(404, "SNI not found");
  }
  return std::nullopt;
}

Response GetCertificate(Call& call) {
  const std::string id = ToLower(call.params[0]);
  auto row = call.context.dao.Select("certificates", {"", id});
  if (!row) return ErrorResponse(row.error());
  if (!*row) {
    return ErrorResponse(Error(ErrorCode::kNotFound,
                               "could not find the entity with primary key '{id=\"" + id + "\"}'",
                               Json{{"id", id}}));
  }
  const Status named = AddNames(call.context.dao, **row);
  return named ? JsonResponse(200, **row) : ErrorResponse(named.error());
}

Response ListCertificates(Call& call, const schema::Schema& certificates) {
  const auto options = ReadListOptions(call.args.query, certificates);
  if (!options) return ErrorResponse(options.error());
  auto page = call.context.dao.List("certificates", *options);
  if (!page) return ErrorResponse(page.error());
  for (Json& row : page->rows) {
    if (const Status named = AddNames(call.context.dao, row); !named) {
      return ErrorResponse(named.error());
    }
  }
  return PageResponse(*page, "/certificates", Join(options->tags, options->tags_any ? "/" : ","));
}

}  // namespace

void AddCertificateEndpoints(const Context& context, EndpointTable& table) {
  const schema::Schema* certificates = context.catalog.Entity("certificates");
  if (certificates == nullptr || context.catalog.Entity("snis") == nullptr) return;
  table.At("/certificates").methods["GET"] = [certificates](Call& call) {
    return ListCertificates(call, *certificates);
  };
  Endpoint& item = table.At("/certificates/{certificates}");
  item.before = ResolveName;
  item.methods["GET"] = GetCertificate;
  table.At("/certificates/{certificates}/snis").before = ResolveName;
  table.At("/certificates/{certificates}/snis/{snis}").before = ResolveName;
  // A certificate is reached by its name directly.
  table.At("/snis/{snis}/certificate").before = [](Call&) {
    return std::optional<Response>(NotFound());
  };
}

}  // namespace silverback::admin
