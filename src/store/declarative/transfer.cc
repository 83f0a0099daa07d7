#include "store/declarative/transfer.h"

#include <algorithm>
#include <span>

#include "store/declarative/yaml_writer.h"
#include "store/sql/table.h"
#include "util/embedded.h"

namespace silverback::embedded {
std::span<const util::EmbeddedFile> declarative_example();
}  // namespace silverback::embedded

namespace silverback::store::declarative {
namespace {

using schema::Schema;

constexpr size_t kRowsPerTransaction = 500;
constexpr size_t kRowsPerPage = 1000;

class Importer {
 public:
  Importer(Dao& dao, const Configuration& configuration) : dao_(dao) {
    options_.hash_secrets = configuration.transform;
    options_.keep_times = true;
  }

  Status Upsert(Dao& dao, const Schema& schema, const Json& row) const {
    const std::string key = StringMember(row, schema.primary_key());
    const auto made = dao.Upsert(schema.name(), {"", key}, row, options_);
    return made ? Ok() : Status(made.error());
  }

  // As one transaction; when a row is refused those before it are written all the same.
  Status UpsertAll(const Schema& schema, std::span<const Json> rows) const {
    const Status together = dao_.InTransaction([&](Dao& dao) -> Status {
      for (const Json& row : rows) {
        if (Status done = Upsert(dao, schema, row); !done) return done;
      }
      return Ok();
    });
    if (together) return together;
    for (const Json& row : rows) {
      if (Status done = Upsert(dao_, schema, row); !done) return done;
    }
    return Ok();
  }

 private:
  Dao& dao_;
  WriteOptions options_;
};

bool IsExported(const Schema& schema) {
  return sql::IsStored(schema) && schema.name() != "workspaces" &&
         schema.name() != "clustering_data_planes";
}

// References as documents write them: the id alone.
void FlattenReferences(const Schema& schema, Json& row) {
  for (const schema::Field& field : schema.fields()) {
    if (field.type != schema::FieldType::kForeign) continue;
    Json& value = row[field.name];
    if (value.is_object()) value = StringMember(value, "id");
  }
}

Status ExportKind(Dao& dao, const Schema& schema, YamlWriter& writer,
                  const std::function<void(size_t rows)>& written) {
  ListOptions options;
  options.size = kRowsPerPage;
  bool begun = false;
  for (bool more = true; more;) {
    auto page = dao.List(schema.name(), options);
    if (!page) return page.error();
    if (!begun && !page->rows.empty()) {
      writer.BeginList(schema.name());
      begun = true;
    }
    for (Json& row : page->rows) {
      FlattenReferences(schema, row);
      writer.Item(row);
    }
    written(page->rows.size());
    more = page->offset.has_value();
    if (more) options.offset = *page->offset;
  }
  if (begun) writer.EndList();
  return Ok();
}

}  // namespace

Status Import(Dao& dao, const Configuration& configuration, const Progress& progress) {
  const Importer importer(dao, configuration);
  const size_t total = configuration.size();
  size_t done = 0;
  for (const Configuration::Kind& kind : configuration.kinds) {
    std::span<const Json> rest(kind.rows);
    while (!rest.empty()) {
      const auto step = rest.first(std::min(rest.size(), kRowsPerTransaction));
      if (Status written = importer.UpsertAll(*kind.schema, step); !written) return written;
      rest = rest.subspan(step.size());
      done += step.size();
      if (progress) progress(done, total);
    }
  }
  return Ok();
}

Status Export(Dao& dao, const std::function<Status(std::string_view piece)>& write,
              const Progress& progress) {
  YamlWriter writer(write);
  writer.Member("_format_version", "2.1");
  writer.Member("_transform", false);
  size_t done = 0;
  for (const Schema* schema : dao.catalog().entities()) {
    if (!IsExported(*schema)) continue;
    const Status exported = ExportKind(dao, *schema, writer, [&](size_t rows) {
      done += rows;
      if (progress && rows > 0) progress(done, 0);
    });
    if (!exported) return exported;
  }
  return writer.Finish();
}

std::string_view ExampleDocument() { return embedded::declarative_example().front().text; }

}  // namespace silverback::store::declarative
