// The dictionaries that the configuration names (`nginx_http_lua_shared_dict`), each a shared zone
// of its own that survives reloads as long as its size stays the same.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "nginx/conf.h"
#include "nginx/shared_dictionary.h"
#include "nginx/shared_sums.h"

namespace silverback::nginx {

// While the configuration is read. NGX_ERROR: it is logged why.
ngx_int_t AddDictionaries(ngx_conf_t* cf, NodeConf& node);

// "" when the zone is none of a dictionary; else the dictionary's name.
std::string_view DictionaryOf(const ngx_shm_zone_t& zone);

// One worker's view of them. Find may be called from any thread.
class Dictionaries {
 public:
  // REQUIRES: the zones are initialised (workers run).
  explicit Dictionaries(const NodeConf& node);
  // nullptr: there is none of that name.
  SharedDictionary* Find(std::string_view name) const;
  // Of the dictionary of exactly that name.
  size_t UsedBytes(std::string_view name) const;
  // nullptr: the configuration has none of Prometheus' memory.
  SharedSums* sums() const { return sums_.get(); }

 private:
  std::map<std::string, std::unique_ptr<SharedDictionary>, std::less<>> by_name_;
  std::unique_ptr<SharedSums> sums_;
};

}  // namespace silverback::nginx
