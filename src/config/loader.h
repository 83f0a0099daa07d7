// Makes a GatewayConf of settings: precedence, old names, references, types, checks, derived
// values. Used by GatewayConf only.
#pragma once

#include <string>

#include "config/conf_file.h"
#include "config/gateway_conf.h"

namespace silverback::config {

class Loader {
 public:
  struct Source {
    Settings settings;           // of kong.conf or .kong_env
    Settings secrets;            // by reference, kept beside .kong_env
    bool is_env_file = false;    // of a node: the environment overrides nothing
    bool secrets_first = false;  // before what the environment says
  };

  Loader(const LoadOptions& options, Source source);

  Result<GatewayConf> Run();

 private:
  void Merge();  // file < environment < command line
  void ChooseDatabase();
  Status ResolveReferences();
  Result<std::string> Resolve(const std::string& reference) const;
  void Type();  // strings -> values
  Error Mistakes() const;
  void ChooseUser();
  void LogValues() const;
  Status DeriveListeners();
  void DerivePlugins();
  void DerivePaths();
  void DeriveDhParameters();
  void MakeAbsolute(std::string_view property);

  const LoadOptions& options_;
  Source source_;
  Settings user_;      // what was given
  Settings settings_;  // with the defaults
  std::vector<std::string> mistakes_;
  GatewayConf conf_;
};

}  // namespace silverback::config
