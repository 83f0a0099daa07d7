#include "runtime/dao_writer.h"

namespace silverback::runtime {
namespace {

constexpr size_t kRowsPerPage = 1000;

void SetTtl(Json& row, double ttl) {
  if (ttl > 0) row["ttl"] = static_cast<int64_t>(ttl);
}

}  // namespace

void DaoWriter::Run(std::function<Result<Json>()> work, Done done) {
  auto result = std::make_shared<Result<Json>>(Error(ErrorCode::kInternal, "nothing was done"));
  threads_.Run([result, work = std::move(work)] { *result = work(); },
               [result, done = std::move(done)] {
                 if (done) done(std::move(*result));
               });
}

void DaoWriter::Insert(std::string entity, Json row, double ttl, Done done) {
  SetTtl(row, ttl);
  Run([this, entity = std::move(entity), row = std::move(row)] { return dao_.Insert(entity, row); },
      std::move(done));
}

void DaoWriter::Update(std::string entity, std::string id, Json changes, double ttl, Done done) {
  SetTtl(changes, ttl);
  Run(
      [this, entity = std::move(entity), id = std::move(id), changes = std::move(changes)] {
        return dao_.Update(entity, {"", id}, changes);
      },
      std::move(done));
}

void DaoWriter::Upsert(std::string entity, std::string field, std::string value, Json row,
                       double ttl, Done done) {
  SetTtl(row, ttl);
  Run([this, entity = std::move(entity), key = store::Key{std::move(field), std::move(value)},
       row = std::move(row)] { return dao_.Upsert(entity, key, row); },
      std::move(done));
}

void DaoWriter::ReadAll(std::string entity, Done done) {
  Run(
      [this, entity = std::move(entity)]() -> Result<Json> {
        Json rows = Json::array();
        store::ListOptions options;
        options.size = kRowsPerPage;
        do {
          auto page = dao_.List(entity, options);
          if (!page) return page.error();
          for (Json& row : page->rows) rows.push_back(std::move(row));
          options.offset = page->offset.value_or("");
        } while (!options.offset.empty());
        return rows;
      },
      std::move(done));
}

void DaoWriter::Delete(std::string entity, std::string id, Done done) {
  Run(
      [this, entity = std::move(entity), id = std::move(id)]() -> Result<Json> {
        const auto deleted = dao_.Delete(entity, {"", id});
        if (!deleted) return deleted.error();
        return Json(*deleted);
      },
      std::move(done));
}

}  // namespace silverback::runtime
