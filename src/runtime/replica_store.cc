#include "runtime/replica_store.h"

#include <algorithm>

#include "store/errors.h"
#include "store/sql/table.h"
#include "util/string_util.h"

namespace silverback::runtime {
namespace {

using schema::Schema;
using store::PageRequest;
using store::Rows;

bool HasExpired(const Schema& schema, const Json& row, double now) {
  const Json* ttl = schema.has_ttl() ? FindMember(row, "ttl") : nullptr;
  return ttl && ttl->is_number() && ttl->get<double>() <= now;
}

bool HasTags(const Json& row, const PageRequest& request) {
  if (!request.tagged && request.tags.empty()) return true;
  const Json* tags = FindMember(row, "tags");
  if (!tags || !tags->is_array()) return false;
  const auto carried = [&](const std::string& tag) {
    return std::find(tags->begin(), tags->end(), tag) != tags->end();
  };
  if (request.tags.empty()) return true;
  return request.tags_any ? std::any_of(request.tags.begin(), request.tags.end(), carried)
                          : std::all_of(request.tags.begin(), request.tags.end(), carried);
}

Error ReadOnlyError() { return store::UnsupportedError("cannot write when not using a database"); }

}  // namespace

class ReplicaStore::ReadOnly final : public store::Transaction {
 public:
  ReadOnly(std::unique_ptr<replica::ReadTransaction> read, double now)
      : read_(std::move(read)), now_(now) {}

  Status Insert(const Schema&, const Json&) override { return ReadOnlyError(); }
  Status Update(const Schema&, const Json&) override { return ReadOnlyError(); }
  Result<bool> Delete(const Schema&, std::string_view) override { return ReadOnlyError(); }
  Result<std::vector<std::string>> DeleteExpired(const Schema&, size_t) override {
    return std::vector<std::string>();
  }
  Status Commit() override { return Ok(); }

  Result<std::optional<Json>> Select(const Schema& schema, std::string_view primary_key) override {
    return Wanted(schema, read_->Find(schema, primary_key), Rows::kLive);
  }

  Result<std::optional<Json>> SelectBy(const Schema& schema, std::string_view field,
                                       const Json& value, Rows rows) override {
    std::string text = value.is_string() ? value.get<std::string>() : DumpJson(value);
    if (value.is_object()) text = StringMember(value, "id");
    auto row = field == schema.primary_key() ? read_->Find(schema, text)
                                             : read_->FindUnique(schema, field, text);
    return Wanted(schema, std::move(row), rows);
  }

  Result<store::RowPage> Page(const Schema& schema, const PageRequest& request) override {
    store::RowPage page;
    const auto visit = [&](std::string_view key, std::string_view text) {
      if (key == request.after) return true;
      Json row = Json::parse(text, nullptr, false);
      if (row.is_discarded() || !HasTags(row, request)) return true;
      if (!request.with_expired && HasExpired(schema, row, now_)) return true;
      page.more = page.rows.size() == request.size;
      if (page.more) return false;
      page.rows.push_back(std::move(row));
      return true;
    };
    if (request.foreign_field.empty()) {
      read_->Each(schema, visit, request.after);
    } else {
      read_->EachFor(schema, request.foreign_field, request.foreign_id, visit, request.after);
    }
    return page;
  }

 private:
  std::optional<Json> Wanted(const Schema& schema, std::optional<Json> row, Rows rows) const {
    if (row && HasExpired(schema, *row, now_) != (rows == Rows::kExpired)) row.reset();
    return row;
  }

  const std::unique_ptr<replica::ReadTransaction> read_;
  const double now_;
};

ReplicaStore::ReplicaStore(const replica::Replica& replica, std::function<double()> clock)
    : replica_(replica), clock_(std::move(clock)) {}

Result<std::unique_ptr<store::Transaction>> ReplicaStore::Begin(Mode) {
  auto read = replica_.Read();
  if (!read) return Error(ErrorCode::kUnavailable, "cannot read the replica");
  return std::unique_ptr<store::Transaction>(std::make_unique<ReadOnly>(std::move(read), clock_()));
}

}  // namespace silverback::runtime
