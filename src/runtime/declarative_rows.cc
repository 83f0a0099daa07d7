#include "runtime/declarative_rows.h"

#include <algorithm>

#include "store/entity_hooks.h"
#include "util/string_util.h"

namespace silverback::runtime {
namespace {

using schema::Schema;
using Configuration = store::declarative::Configuration;

// The workspace of every node without a database, as in Kong.
constexpr const char* kWorkspace = "0dc6f45b-8f8d-40d2-a504-473544ee190b";

// Where the number of a member is in a row's text; an empty view: nowhere. What it finds is only
// tried: a wrong guess makes a row count as changed.
std::string_view NumberIn(std::string_view text, const char* member) {
  const std::string name = '"' + std::string(member) + "\":";
  const size_t at = text.find(name);
  if (at == std::string_view::npos) return {};
  const size_t from = at + name.size();
  const std::string_view digits =
      text.substr(from, std::min(text.find_first_of(",}", from), text.size()) - from);
  const bool plain = digits.find_first_not_of("0123456789.") == std::string_view::npos;
  return plain ? digits : std::string_view();
}

// The row's text as it was, when the times that nobody gave are all that differs.
bool TakeOldTimes(std::string_view old, uint8_t made_up, std::string& text) {
  constexpr std::pair<uint8_t, const char*> kTimes[] = {{Configuration::kCreatedAt, "created_at"},
                                                        {Configuration::kUpdatedAt, "updated_at"}};
  std::string aged = text;
  for (const auto& [bit, member] : kTimes) {
    if (!(made_up & bit)) continue;
    const std::string_view now = NumberIn(aged, member), then = NumberIn(old, member);
    if (now.empty() || then.empty()) continue;
    aged.replace(static_cast<size_t>(now.data() - aged.data()), now.size(), then);
  }
  if (aged != old) return false;
  text = std::move(aged);
  return true;
}

class Maker {
 public:
  Maker(const Configuration& configuration, const replica::ReadTransaction& now)
      : transform_(configuration.transform), now_(now) {}

  Result<ReplicaRows> Make(Configuration::Kind& kind) const {
    const bool completes = kind.schema->has_ttl() || store::CompletesRows(*kind.schema);
    ReplicaRows made{kind.schema, {}, {}, {}};
    made.rows.reserve(kind.rows.size());
    made.texts.reserve(kind.rows.size());
    size_t kept = 0;
    for (size_t i = 0; i < kind.rows.size(); ++i) {
      auto copy = completes ? std::make_unique<Json>(kind.rows[i]) : nullptr;
      Json& row = copy ? *copy : kind.rows[i];
      if (Status done = Complete(*kind.schema, row); !done) return done.error();
      std::string text = DumpJson(row);
      const auto old =
          now_.FindText(*kind.schema, StringViewMember(row, kind.schema->primary_key()));
      if (old && (text == *old || TakeOldTimes(*old, kind.made_up[i], text))) ++kept;
      made.rows.push_back(&row);
      if (copy) made.completed.push_back(std::move(copy));
      made.texts.push_back(std::move(text));
    }
    const bool all_or_none = kind.schema->name() == "routes";
    if (all_or_none && kept != 0 &&
        (kept != kind.rows.size() || kept != now_.Count(*kind.schema))) {
      for (size_t i = 0; i < made.rows.size(); ++i) made.texts[i] = DumpJson(*made.rows[i]);
    }
    return made;
  }

 private:
  Status Complete(const Schema& schema, Json& row) const {
    if (schema.workspaceable()) row["ws_id"] = kWorkspace;
    if (schema.has_ttl()) {
      const double seconds = NumberMember(row, "ttl");
      row.erase("ttl");
      if (seconds > 0) row["ttl"] = NowWithMillis() + seconds;
    }
    return store::CompleteRow(schema, row, transform_);
  }

  const bool transform_;
  const replica::ReadTransaction& now_;
};

Result<Configuration::Kind> DefaultWorkspace(const Schema& schema) {
  auto row = schema.CheckInsert({{"id", kWorkspace}, {"name", "default"}});
  if (!row) return row.error();
  return Configuration::Kind{
      &schema, {*std::move(row)}, {Configuration::kCreatedAt | Configuration::kUpdatedAt}};
}

bool HasDefaultWorkspace(const Configuration& configuration) {
  for (const auto& kind : configuration.kinds) {
    if (kind.schema->name() != "workspaces") continue;
    return std::any_of(kind.rows.begin(), kind.rows.end(),
                       [](const Json& row) { return StringMember(row, "name") == "default"; });
  }
  return false;
}

}  // namespace

Result<std::vector<ReplicaRows>> MakeReplicaRows(const entity::Catalog& catalog,
                                                 Configuration& configuration,
                                                 const replica::ReadTransaction& now) {
  const Schema* workspaces = catalog.Entity("workspaces");
  if (workspaces && !HasDefaultWorkspace(configuration)) {
    auto kind = DefaultWorkspace(*workspaces);
    if (!kind) return kind.error();
    configuration.kinds.push_back(*std::move(kind));
  }
  std::vector<ReplicaRows> kinds;
  const Maker maker(configuration, now);
  for (auto& kind : configuration.kinds) {
    auto made = maker.Make(kind);
    if (!made) return made.error();
    kinds.push_back(*std::move(made));
  }
  return kinds;
}

}  // namespace silverback::runtime
