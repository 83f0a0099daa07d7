// Domains: the names that a configuration wants certificates for. Immutable.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace silverback::plugins::acme {

class Domains {
 public:
  explicit Domains(const std::vector<std::string>& names);
  // `host` in lower case. "*.a.test" stands for everything below a.test.
  bool Has(std::string_view host) const;

 private:
  std::set<std::string, std::less<>> names_;
  std::vector<std::string> suffixes_;
};

}  // namespace silverback::plugins::acme
