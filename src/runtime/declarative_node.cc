#include "runtime/declarative_node.h"

#include <fmt/format.h>

#include <cmath>

#include "runtime/declarative_rows.h"
#include "runtime/publisher.h"
#include "store/declarative/document.h"
#include "util/string_util.h"

namespace silverback::runtime {
namespace {

namespace declarative = store::declarative;

constexpr std::string_view kNothing = "00000000000000000000000000000000";
constexpr const char* kTooLarge = "Configuration does not fit in Kong cache";

// "128m" in bytes; without a limit when it says nothing that we know.
size_t SizeOf(const std::string& text) {
  char* unit = nullptr;
  const double number = std::strtod(text.c_str(), &unit);
  if (!(number > 0)) return SIZE_MAX;
  const char letter = static_cast<char>(*unit | 0x20);
  const int shift = letter == 'k' ? 10 : letter == 'm' ? 20 : letter == 'g' ? 30 : 0;
  const double bytes = std::ldexp(number, shift);
  return bytes < 9e18 ? static_cast<size_t>(bytes) : SIZE_MAX;
}

void RemoveNulls(Json& value) {
  if (!value.is_object()) return;
  for (auto member = value.begin(); member != value.end();) {
    if (member->is_null()) {
      member = value.erase(member);
    } else {
      RemoveNulls(*member++);
    }
  }
}

// The entities of an answer: by kind and id. (Texts, and not one document of all of them, because
// there may be many.)
std::string Shown(declarative::Configuration& configuration) {
  std::string shown;
  for (auto& kind : configuration.kinds) {
    if (kind.schema->name() == "workspaces") continue;
    shown += (shown.empty() ? "{\"" : ",\"") + kind.schema->name() + "\":";
    char before = '{';
    for (Json& row : kind.rows) {
      row.erase("ws_id");
      RemoveNulls(row);
      shown += before + DumpJson(StringMember(row, kind.schema->primary_key())) + ':';
      shown += DumpJson(row);
      before = ',';
    }
    shown += '}';
  }
  return shown.empty() ? "{}" : shown + '}';
}

Error AtStart(const std::string& what, const Error& error) {
  const bool fields = error.code() == ErrorCode::kDeclarativeConfig;
  return Error(ErrorCode::kDeclarativeConfig,
               fmt::format("error parsing declarative {}:\n{}", what,
                           fields ? declarative::DescribeErrors(error.fields()) : error.message()));
}

}  // namespace

DeclarativeNode::DeclarativeNode(const config::GatewayConf& conf, const entity::Catalog& catalog,
                                 replica::Replica& replica, SharedState* shared, Warn warn)
    : conf_(conf), catalog_(catalog), replica_(replica), shared_(shared), warn_(std::move(warn)) {}

bool DeclarativeNode::IsConfigured(const config::GatewayConf& conf) {
  return !conf.String("declarative_config").empty() ||
         !conf.String("declarative_config_string").empty();
}

std::string DeclarativeNode::Hash() const {
  std::string hash = replica_.position();
  return hash.empty() ? std::string(kNothing) : hash;
}

Result<std::string> DeclarativeNode::LoadText(std::string_view text) {
  auto document = declarative::ParseText(text);
  if (!document) return document.error();
  return LoadAndShow(
      declarative::Flatten(catalog_, std::move(document->content), std::move(document->hash)));
}

Result<std::string> DeclarativeNode::LoadDocument(Json document) {
  return LoadAndShow(declarative::Flatten(catalog_, std::move(document)));
}

Result<std::string> DeclarativeNode::LoadAndShow(Result<Configuration> configuration) {
  if (!configuration) return configuration.error();
  const auto applied = Apply(*configuration);
  if (!applied) return applied.error();
  // While the workers take it over.
  std::string shown = Shown(*configuration);
  if (applied->generation) WaitForWorkers(*shared_, applied->generation, warn_);
  return shown;
}

Result<DeclarativeNode::Configuration> DeclarativeNode::ReadConfigured() const {
  std::string what;
  Result<declarative::Document> document = declarative::Document{};
  if (const std::string path = conf_.String("declarative_config"); !path.empty()) {
    what = "config file " + path;
    document = declarative::ParseFile(path);
  } else if (std::string text = conf_.String("declarative_config_string"); !text.empty()) {
    // A node gets its settings line by line: what follows the first line is not part of it.
    if (const size_t end = text.find('\n'); end != std::string::npos) text.erase(end);
    what = "config string";
    document = declarative::ParseText(text);
  } else {
    return Configuration();
  }
  if (!document) return AtStart(what, document.error());
  auto configuration =
      declarative::Flatten(catalog_, std::move(document->content), std::move(document->hash));
  if (!configuration) return AtStart(what, configuration.error());
  return configuration;
}

Result<size_t> DeclarativeNode::LoadConfigured() {
  auto configuration = ReadConfigured();
  if (!configuration) return configuration.error();
  const auto applied = Apply(*configuration);
  if (!applied) return applied.error();
  if (applied->generation) WaitForWorkers(*shared_, applied->generation, warn_);
  return applied->rows;
}

Result<DeclarativeNode::Applied> DeclarativeNode::Apply(Configuration& configuration) {
  std::vector<ReplicaRows> kinds;
  {
    const auto read = replica_.Read();
    if (!read) return Error(ErrorCode::kIo, "cannot read the replica");
    auto made = MakeReplicaRows(catalog_, configuration, *read);
    if (!made) return made.error();
    kinds = *std::move(made);
  }
  size_t size = 0;
  for (const ReplicaRows& kind : kinds) {
    for (const std::string& text : kind.texts) size += text.size();
  }
  if (size > SizeOf(conf_.String("mem_cache_size")))
    return Error(ErrorCode::kInvalidSize, kTooLarge);

  const auto source = [&](const replica::RowSink& row) -> Status {
    for (const ReplicaRows& kind : kinds) {
      for (size_t i = 0; i < kind.rows.size(); ++i) {
        if (Status done = row(*kind.schema, *kind.rows[i], kind.texts[i]); !done) return done;
      }
    }
    return Ok();
  };
  const auto changed = replica_.Synchronise(source, configuration.hash);
  if (!changed) return changed.error();
  Applied applied{*changed, 0};
  if (*changed > 0 && shared_) applied.generation = AnnounceReplica(catalog_, replica_, *shared_);
  return applied;
}

}  // namespace silverback::runtime
