// The lists of the Dao.
#include "store/dao_state.h"
#include "store/errors.h"
#include "store/page_token.h"
#include "store/sql/table.h"
#include "util/string_util.h"

namespace silverback::store {
namespace {

using schema::Schema;

constexpr size_t kDefaultSize = 100;
constexpr size_t kMaxSize = 1000;

Result<size_t> SizeOf(const ListOptions& options) {
  const size_t size = options.size.value_or(kDefaultSize);
  if (size < 1 || size > kMaxSize) return InvalidSizeError();
  return size;
}

bool IsTagged(const Schema& schema) {
  return sql::IsStored(schema) && schema.FindField("tags") != nullptr;
}

// Collects the (row, tag) pairs of one page of the tags list.
class TagLister {
 public:
  TagLister(std::string_view tag, size_t size) : tag_(tag), size_(size) {}

  // Where the page before ended: within the row `id` of `entity`, behind the tag number `index`.
  void StartAfter(std::string entity, std::string id, size_t index) {
    entity_ = std::move(entity);
    id_ = std::move(id);
    index_ = index;
  }

  Status AddAll(Operation& operation) {
    for (const Schema* schema : operation.catalog().entities()) {
      if (!IsTagged(*schema)) continue;
      if (!entity_.empty() && schema->name() != entity_) continue;
      const bool resumed = !entity_.empty();
      entity_.clear();
      if (Status done = AddEntity(operation, *schema, resumed); !done) return done;
      if (full_) return Ok();
    }
    return Ok();
  }

  Page TakePage() {
    if (full_) page_.offset = EncodePageToken(last_);
    return std::move(page_);
  }

 private:
  Status AddEntity(Operation& operation, const Schema& schema, bool resumed) {
    PageRequest request;
    request.size = kMaxSize;
    request.tagged = true;
    if (!tag_.empty()) request.tags = {tag_};
    if (resumed) {
      const auto row = operation.transaction().Select(schema, id_);
      if (!row) return row.error();
      if (*row) AddRow(schema, **row, index_ + 1);
      request.after = id_;
    }
    for (bool more = true; more && !full_;) {
      const auto rows = operation.transaction().Page(schema, request);
      if (!rows) return rows.error();
      for (const Json& row : rows->rows) AddRow(schema, row, 0);
      more = rows->more;
      if (more) request.after = StringMember(rows->rows.back(), schema.primary_key());
    }
    return Ok();
  }

  void AddRow(const Schema& schema, const Json& row, size_t first) {
    const Json* tags = FindMember(row, "tags");
    if (!tags || !tags->is_array()) return;
    const std::string id = StringMember(row, schema.primary_key());
    for (size_t i = first; i < tags->size() && !full_; ++i) {
      if (!tag_.empty() && (*tags)[i] != tag_) continue;
      // Only what follows a whole page tells that there is another one.
      if (page_.rows.size() == size_) {
        full_ = true;
        return;
      }
      page_.rows.push_back(
          {{"tag", (*tags)[i]}, {"entity_name", schema.name()}, {"entity_id", id}});
      last_ = Json::array({schema.name(), id, i});
    }
  }

  const std::string tag_;
  const size_t size_;
  std::string entity_, id_;
  size_t index_ = 0;
  Page page_;
  Json last_;
  bool full_ = false;
};

}  // namespace

Result<Page> Dao::ListRows(const Schema& schema, PageRequest request, const ListOptions& options) {
  const auto size = SizeOf(options);
  if (!size) return size.error();
  auto after = DecodeKeyToken(options.offset);
  if (!after) {
    // Without a database Kong's offsets are numbers and its words others.
    const bool encoded = Base64Decode(options.offset).has_value();
    if (read_only() && encoded) return InvalidOffsetError(options.offset, "invalid offset");
    return after.error();
  }
  const schema::Field* key = schema.FindField(schema.primary_key());
  if (key && key->uuid && !after->empty() && !IsUuid(*after)) {
    return InvalidOffsetError(options.offset, read_only() ? "invalid offset" : "bad json encoding");
  }
  request.size = *size;
  request.after = *std::move(after);
  Page page;
  const Status done = Read([&](Operation& operation) -> Status {
    auto rows = operation.transaction().Page(schema, request);
    if (!rows) return rows.error();
    const double now = NowWithMillis();
    page.rows.reserve(rows->rows.size());
    for (const Json& row : rows->rows) page.rows.push_back(ShowRow(schema, row, now));
    // Without a database Kong tells of a next page whenever this one is full.
    if (rows->more || (read_only() && rows->rows.size() == *size)) {
      page.offset =
          EncodePageToken(Json::array({StringMember(rows->rows.back(), schema.primary_key())}));
    }
    return Ok();
  });
  if (!done) return done.error();
  return page;
}

Result<Page> Dao::List(std::string_view entity, const ListOptions& options) {
  const Schema* schema = Entity(entity);
  if (!schema) return Error(ErrorCode::kInternal, "unknown entity " + std::string(entity));
  PageRequest request;
  request.tags = options.tags;
  request.tags_any = options.tags_any;
  return ListRows(*schema, std::move(request), options);
}

Result<Page> Dao::ListFor(std::string_view entity, std::string_view foreign_field,
                          std::string_view foreign_id, const ListOptions& options) {
  const Schema* schema = Entity(entity);
  if (!schema) return Error(ErrorCode::kInternal, "unknown entity " + std::string(entity));
  PageRequest request;
  request.foreign_field = foreign_field;
  request.foreign_id = ToLower(foreign_id);
  request.tags = options.tags;
  request.tags_any = options.tags_any;
  return ListRows(*schema, std::move(request), options);
}

Result<Page> Dao::ListTags(std::string_view tag, const ListOptions& options) {
  const auto size = SizeOf(options);
  if (!size) return size.error();
  TagLister lister(tag, *size);
  if (!options.offset.empty()) {
    const auto parts = DecodePageToken(options.offset);
    if (!parts) return parts.error();
    const Json& token = *parts;
    if (token.size() != 3 || !token[0].is_string() || !token[1].is_string() ||
        !token[2].is_number_unsigned() || !Entity(token[0].get<std::string>()) ||
        !IsUuid(token[1].get<std::string>())) {
      return InvalidOffsetError(options.offset, "bad json encoding");
    }
    lister.StartAfter(token[0], token[1], token[2]);
  }
  if (read_only() && !tag.empty()) return Page();
  const Status done = Read([&](Operation& operation) { return lister.AddAll(operation); });
  if (!done) return done.error();
  return lister.TakePage();
}

}  // namespace silverback::store
