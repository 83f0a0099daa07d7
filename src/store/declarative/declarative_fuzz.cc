// Any text as a declarative document: it is refused or becomes rows; what is exported reads back.
#include <cstdlib>

#include "store/declarative/configuration.h"
#include "store/declarative/document.h"
#include "store/declarative/yaml_reader.h"
#include "store/declarative/yaml_writer.h"

namespace {

using namespace silverback;                      // NOLINT
using namespace silverback::store::declarative;  // NOLINT

const entity::Catalog& Catalog() {
  static const auto catalog = [] {
    std::vector<std::string> plugins;
    for (const auto name : entity::Catalog::BundledPlugins()) plugins.emplace_back(name);
    return std::move(*entity::Catalog::Create(plugins, true));
  }();
  return *catalog;
}

void CheckReadsBack(const Json& content) {
  std::string text;
  YamlWriter writer([&](std::string_view piece) {
    text += piece;
    return Ok();
  });
  writer.Member("document", content);
  if (!writer.Finish()) return;
  const auto again = ReadYaml(text);
  // What YAML cannot hold (deeper than we read, control characters) may be refused, never changed.
  if (again && DumpJson((*again)["document"]) != DumpJson(content)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto document = ParseText(text);
  if (!document) return 0;
  CheckReadsBack(document->content);
  const auto configuration = Flatten(Catalog(), document->content, document->hash);
  if (!configuration) {
    DescribeErrors(configuration.error().fields());
    return 0;
  }
  for (const auto& kind : configuration->kinds) {
    for (const Json& row : kind.rows) {
      if (!row.contains(kind.schema->primary_key())) std::abort();
    }
  }
  return 0;
}
