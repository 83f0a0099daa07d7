#include "store/store.h"

namespace silverback::store {
namespace {

constexpr size_t kPage = 1000;

}  // namespace

Status Transaction::Each(const schema::Schema& schema,
                         const std::function<Status(const Json&)>& row) {
  PageRequest request;
  request.size = kPage;
  for (bool more = true; more;) {
    const auto page = Page(schema, request);
    if (!page) return page.error();
    for (const Json& each : page->rows) {
      if (Status done = row(each); !done) return done;
    }
    more = page->more && !page->rows.empty();
    if (more) request.after = StringMember(page->rows.back(), schema.primary_key());
  }
  return Ok();
}

Status Transaction::Announce(const std::vector<Change>&) { return Ok(); }

Result<std::vector<int64_t>> Store::CountUsage(const std::vector<UsageCount>&) {
  return Error(ErrorCode::kOperationUnsupported, "this store has no counters");
}

Status Store::Tell(const std::vector<ClusterEvent>&) { return Ok(); }

}  // namespace silverback::store
