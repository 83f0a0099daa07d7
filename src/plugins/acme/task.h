// The making of one certificate, as far as it has come. Private to certifier.cc and rows.cc.
#pragma once

#include <memory>
#include <string>

#include "plugins/acme/certifier.h"

namespace silverback::plugins::acme {

struct Certifier::Task {
  std::string host = "";
  std::string key = "";       // PEM; "": to be made
  bool only_missing = false;  // none is made where there is one
  std::shared_ptr<const AccountKey> account = nullptr;
  std::string certificate = "";
  Obtained done;
};

}  // namespace silverback::plugins::acme
