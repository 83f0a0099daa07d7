#include "plugins/oauth2/redirect.h"

#include "plugin/body_args.h"

namespace silverback::plugins::oauth2 {
namespace {

// All but letters, digits and "_", in lower-case hexadecimal.
std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

void Append(std::string& out, const std::string& name, const Json& value) {
  if (value.is_array()) {
    for (const Json& item : value) Append(out, name, item);
    return;
  }
  if (!out.empty()) out += '&';
  out += Escape(name);
  if (value == true) return;
  out += '=';
  out += value.is_string() ? Escape(value.get_ref<const std::string&>()) : DumpJson(value);
}

std::string Encode(const Json& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters.items()) Append(out, name, value);
  return out;
}

}  // namespace

std::string RedirectTo(const std::string& uri, const Json& parameters, bool in_fragment) {
  const size_t hash = uri.find('#');
  std::string fragment = hash == std::string::npos ? "" : uri.substr(hash + 1);
  std::string base = uri.substr(0, hash);
  const size_t question = base.find('?');
  std::string query = question == std::string::npos ? "" : base.substr(question + 1);
  base.resize(std::min(question, base.size()));
  std::string& place = in_fragment ? fragment : query;
  Json all = plugin::QueryArguments(place);
  all.update(parameters);
  place = Encode(all);
  if (!query.empty()) base.append("?").append(query);
  if (!fragment.empty()) base.append("#").append(fragment);
  return base;
}

}  // namespace silverback::plugins::oauth2
