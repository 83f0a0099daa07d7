#include "admin/entity_writer.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "util/string_util.h"

namespace silverback::admin {
namespace {

using Names = std::vector<std::string>;

constexpr size_t kNamesPerPage = 1000;

bool IsCertificate(const schema::Schema& schema) { return schema.name() == "certificates"; }

Error NamesError(const std::string& why) {
  return Error(ErrorCode::kSchemaViolation, "schema violation (snis: " + why + ")",
               Json{{"snis", why}});
}

// Takes "snis" out of the body: a list, a text with commas, or null for none; nullopt when it is
// absent.
Result<std::optional<Names>> TakeNames(Json& body) {
  auto found = body.find("snis");
  if (found == body.end()) return std::optional<Names>();
  const Json given = std::move(*found);
  body.erase(found);
  Names names;
  if (given.is_string()) {
    for (std::string_view name : Split(given.get_ref<const std::string&>(), ',')) {
      names.emplace_back(name);
    }
  } else if (given.is_structured()) {
    for (const Json& name : given) {
      if (!name.is_string()) return NamesError("expected a string");
      names.push_back(name.get<std::string>());
    }
  } else if (!given.is_null()) {
    return NamesError("expected an array");
  }
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) return NamesError(name + " is duplicated");
  }
  return std::optional<Names>(Names(seen.begin(), seen.end()));
}

// No name may belong to another certificate than `id` ("" for a new one).
Status CheckNamesAreFree(store::Dao& dao, const Names& names, const std::string& id) {
  for (const std::string& name : names) {
    const auto row = dao.Select("snis", {"name", name});
    if (!row) return row.error();
    if (!*row) continue;
    const std::string owner = ForeignId(**row, "certificate");
    if (owner != id) {
      return NamesError(name + " already associated with existing certificate '" + owner + "'");
    }
  }
  return Ok();
}

Result<std::vector<Json>> NameRows(store::Dao& dao, const std::string& certificate_id) {
  std::vector<Json> rows;
  store::ListOptions options;
  options.size = kNamesPerPage;
  while (true) {
    auto page = dao.ListFor("snis", "certificate", certificate_id, options);
    if (!page) return page.error();
    std::move(page->rows.begin(), page->rows.end(), std::back_inserter(rows));
    if (!page->offset) return rows;
    options.offset = *page->offset;
  }
}

// Makes `names` the certificate's names, and no others.
Status SetNames(store::Dao& dao, const std::string& certificate_id, const Names& names) {
  const auto rows = NameRows(dao, certificate_id);
  if (!rows) return rows.error();
  std::set<std::string> missing(names.begin(), names.end());
  for (const Json& row : *rows) {
    if (missing.erase(StringMember(row, "name")) != 0) continue;
    const auto deleted = dao.Delete("snis", {"", StringMember(row, "id")});
    if (!deleted) return deleted.error();
  }
  for (const std::string& name : missing) {
    const auto row =
        dao.Insert("snis", {{"name", name}, {"certificate", {{"id", certificate_id}}}});
    if (!row) return row.error();
  }
  return Ok();
}

// Runs `write` (the certificate's own row) and brings its names in line, as one transaction.
// `names`: nullopt keeps those that are.
template <class Write>
Result<Json> WriteCertificate(store::Dao& dao, const std::optional<Names>& names,
                              const Write& write) {
  Json certificate;
  const Status done = dao.InTransaction([&](store::Dao& inner) -> Status {
    Result<Json> row = write(inner);
    if (!row) return row.error();
    certificate = *std::move(row);
    if (names) {
      if (Status set = SetNames(inner, StringMember(certificate, "id"), *names); !set) return set;
    }
    return AddNames(inner, certificate);
  });
  if (!done) return done.error();
  return certificate;
}

}  // namespace

Result<bool> DeleteRow(store::Dao& dao, const schema::Schema& schema, const store::Key& key) {
  if (!IsCertificate(schema)) return dao.Delete(schema.name(), key);
  bool deleted = false;
  const Status done = dao.InTransaction([&](store::Dao& inner) -> Status {
    if (Status unnamed = SetNames(inner, key.value, {}); !unnamed) return unnamed;
    const auto result = inner.Delete(schema.name(), key);
    if (!result) return result.error();
    deleted = *result;
    return Ok();
  });
  if (!done) return done.error();
  return deleted;
}

Status AddNames(store::Dao& dao, Json& certificate) {
  const auto rows = NameRows(dao, StringMember(certificate, "id"));
  if (!rows) return rows.error();
  Names names;
  for (const Json& row : *rows) names.push_back(StringMember(row, "name"));
  std::sort(names.begin(), names.end());
  certificate["snis"] = names;
  return Ok();
}

Result<Json> InsertRow(store::Dao& dao, const schema::Schema& schema, Json body) {
  if (!IsCertificate(schema)) return dao.Insert(schema.name(), std::move(body));
  auto names = TakeNames(body);
  if (!names) return names.error();
  if (*names) {
    if (const Status free = CheckNamesAreFree(dao, **names, ""); !free) return free.error();
  }
  return WriteCertificate(
      dao, *names, [&](store::Dao& inner) { return inner.Insert(schema.name(), std::move(body)); });
}

Result<Json> UpsertRow(store::Dao& dao, const schema::Schema& schema, const store::Key& key,
                       Json body) {
  if (!IsCertificate(schema)) return dao.Upsert(schema.name(), key, std::move(body));
  auto names = TakeNames(body);
  if (!names) return names.error();
  if (!*names) names->emplace();  // A replaced certificate has only the names that are given.
  if (const Status free = CheckNamesAreFree(dao, **names, key.value); !free) return free.error();
  return WriteCertificate(dao, *names, [&](store::Dao& inner) {
    return inner.Upsert(schema.name(), key, std::move(body));
  });
}

Result<Json> UpdateRow(store::Dao& dao, const schema::Schema& schema, const store::Key& key,
                       Json body) {
  if (!IsCertificate(schema)) return dao.Update(schema.name(), key, std::move(body));
  auto names = TakeNames(body);
  if (!names) return names.error();
  if (*names) {
    if (const Status free = CheckNamesAreFree(dao, **names, key.value); !free) return free.error();
  }
  return WriteCertificate(dao, *names, [&](store::Dao& inner) {
    return inner.Update(schema.name(), key, std::move(body));
  });
}

}  // namespace silverback::admin
