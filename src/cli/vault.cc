#include <fmt/format.h>

#include <filesystem>

#include "cli/commands.h"
#include "config/references.h"
#include "runtime/store_factory.h"
#include "store/dao.h"

namespace silverback::cli {
namespace {

constexpr std::string_view kUsage = R"(Usage: kong vault COMMAND [OPTIONS]

For secrets that settings refer to.

The available commands are:
  get <reference>                   Print the value of a secret:
                                    TEST=hello kong vault get env/test

Options:
 -c,--conf        (optional string) Configuration file.
 -p,--prefix      (optional string) Prefix directory.
)";

Error NotFound(const config::Reference& reference, std::string_view what) {
  return Error(ErrorCode::kNotFound,
               fmt::format("{} ({}) [{}]", what, reference.vault, reference.text));
}

// The configuration of the vault that stands under that prefix in the database or, without one, in
// what the node of this prefix serves.
Result<Json> FindVault(const config::GatewayConf& conf, const config::Reference& reference) {
  const auto catalog = runtime::OpenCatalog(conf);
  if (!catalog) return catalog.error();
  std::unique_ptr<replica::Replica> replica;
  if (conf.database() == "off") {
    if (!std::filesystem::exists(runtime::ReplicaPath(conf)))
      return NotFound(reference, "vault not found");
    auto opened = runtime::OpenReplica(conf, **catalog);
    if (!opened) return opened.error();
    replica = *std::move(opened);
  }
  const auto store = replica ? runtime::OpenStore(conf, **catalog, *replica)
                             : runtime::OpenDatabase(conf, **catalog);
  if (!store) return store.error();
  store::Dao dao(**catalog, **store, nullptr);
  const auto vault = dao.Select("vaults_beta", {"prefix", reference.vault});
  if (!vault) return vault.error();
  if (!*vault) return NotFound(reference, "vault not found");
  if (StringMember(**vault, "name") != "env") return NotFound(reference, "could not find vault");
  const Json* settings = FindMember(**vault, "config");
  return settings ? *settings : Json::object();
}

Result<std::string> Look(const Invocation& invocation, const config::GatewayConf& conf,
                         const config::Reference& reference) {
  std::string prefix = conf.String("vault_env_prefix");
  if (reference.vault != "env") {
    const auto vault = FindVault(conf, reference);
    if (!vault) return vault.error();
    prefix = StringMember(*vault, "prefix");
  } else if (!FindMember(conf.values()["loaded_vaults"], "env")) {
    return NotFound(reference, "could not find vault");
  }
  const config::Settings environment(invocation.environment.begin(), invocation.environment.end());
  return config::ReadVariable(reference, prefix, environment);
}

Result<int> Run(const Invocation& invocation) {
  if (invocation.arguments.words().empty()) {
    return Error(ErrorCode::kInvalidInput,
                 "the 'get' command needs a <reference> argument \nkong vault get <reference>");
  }
  std::string text = invocation.arguments.words()[0];
  if (!config::IsReference(text)) text = "{vault://" + text + "}";
  const auto conf = LoadRunningConfAnew(invocation);
  if (!conf) return conf.error();
  const auto reference = config::ParseReference(text);
  if (!reference) return reference.error();
  const auto value = Look(invocation, *conf, *reference);
  if (!value) return value.error();
  invocation.console.Print(*value);
  return 0;
}

}  // namespace

const Command kVaultCommand{
    "vault",
    kUsage,
    {.options = {{"conf", 'c', OptionKind::kText, ""}, {"prefix", 'p', OptionKind::kText, ""}},
     .words = {}},
    {"get"},
    &Run};

}  // namespace silverback::cli
