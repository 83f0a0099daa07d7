// Makes a GatewayConf of settings: precedence, old names, references, types, checks, derived
// values. Used by GatewayConf only.
#pragma once

#include <string>

#include "config/conf_file.h"
#include "config/gateway_conf.h"

namespace silverback::config {

class Loader {
 public:
  // `file`: settings of kong.conf or .kong_env. `secrets`: values of references by property, "" to
  // look them up in the environment.
  Loader(const LoadOptions& options, Settings file, bool is_env_file);

  Result<GatewayConf> Run();

 private:
  void Merge();  // file < environment < command line
  void ChooseDatabase();
  Status ResolveReferences();
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
  Settings file_;
  const bool is_env_file_;
  Settings user_;      // what was given
  Settings settings_;  // with the defaults
  std::vector<std::string> mistakes_;
  GatewayConf conf_;
};

}  // namespace silverback::config
