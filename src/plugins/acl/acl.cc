#include "plugins/acl/acl.h"

#include <algorithm>

#include "plugin/answers.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;
using List = std::vector<std::string>;
using Groups = std::vector<std::string_view>;  // into the rows, or what plugins share

List SortedList(const Json& config, std::string_view name) {
  List list;
  if (const Json* values = FindMember(config, name); values && values->is_array()) {
    for (const Json& value : *values) list.push_back(value.get<std::string>());
  }
  std::sort(list.begin(), list.end());
  return list;
}

std::string Joined(const Groups& groups) {
  std::string out;
  for (const std::string_view group : groups) {
    if (!out.empty()) out += ", ";
    out += group;
  }
  return out;
}

class Acl final : public plugin::Plugin {
 public:
  Acl(const Json& config, plugin::PluginEnv& env)
      : env_(env),
        allow_(SortedList(config, "allow")),
        deny_(SortedList(config, "deny")),
        hide_(BoolMember(config, "hide_groups_header")) {}

  Next OnAccess(Exchange& exchange) const override {
    // Groups that another plugin authenticated stand above those of an anonymous consumer.
    if (!exchange.consumer() || !exchange.credential()) {
      const Groups authenticated = AuthenticatedGroups(exchange.Shared());
      if (!authenticated.empty()) return Judge(exchange, authenticated, "X-Authenticated-Groups");
    }
    if (!exchange.consumer()) return plugin::Refuse(exchange, 401, "Unauthorized");
    const auto& id = (*exchange.consumer())["id"].get_ref<const std::string&>();
    const auto rows = env_.entities.FindFor("acls", "consumer", id);
    const Groups groups = GroupsOf(*rows);
    if (groups.empty() && !exchange.credential())
      return plugin::Refuse(exchange, 401, "Unauthorized");
    return Judge(exchange, groups, "X-Consumer-Groups");
  }

 private:
  static Groups AuthenticatedGroups(const Json& shared) {
    Groups groups;
    if (const Json* list = FindMember(shared, "authenticated_groups"); list && list->is_array()) {
      for (const Json& group : *list) {
        if (group.is_string()) groups.push_back(group.get_ref<const std::string&>());
      }
    }
    return groups;
  }

  static Groups GroupsOf(const std::vector<plugin::EntityRef>& rows) {
    Groups groups;
    groups.reserve(rows.size());
    for (const plugin::EntityRef& row : rows) groups.push_back(StringViewMember(*row, "group"));
    std::sort(groups.begin(), groups.end());
    return groups;
  }

  Next Judge(Exchange& exchange, const Groups& groups, std::string_view header) const {
    const auto in = [&](const List& list) {
      return std::any_of(groups.begin(), groups.end(), [&](std::string_view group) {
        return std::binary_search(list.begin(), list.end(), group);
      });
    };
    const bool blocked = allow_.empty() ? in(deny_) : !in(allow_);
    if (blocked) return plugin::Refuse(exchange, 403, "You cannot consume this service");
    if (!hide_) exchange.SetRequestHeader(header, Joined(groups));
    return Next::kContinue;
  }

  plugin::PluginEnv& env_;
  const List allow_, deny_;
  const bool hide_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  return std::unique_ptr<plugin::Plugin>(new Acl(instance.config, env));
}

}  // namespace

const plugin::PluginType kAcl = {"acl", 950, "3.0.1", plugin::kAccess, Create};

}  // namespace silverback::plugins
