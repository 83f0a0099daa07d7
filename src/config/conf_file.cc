#include "config/conf_file.h"

#include <algorithm>
#include <cctype>

#include "util/string_util.h"

namespace silverback::config {
namespace {

bool IsBlankOrComment(std::string_view line) {
  const std::string_view text = Trim(line);
  return text.empty() || text[0] == '#' || text[0] == ';';
}

std::string NameOf(std::string_view text) {
  std::string name(Trim(text));
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}

std::string ValueOf(std::string_view text) {
  text = Trim(text);
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '#' && text[i - 1] != '\\') {
      text = text.substr(0, i - 1);
      break;
    }
  }
  return ReplaceAll(Trim(text), "\\#", "#");
}

}  // namespace

Settings ParseConfFile(std::string_view text) {
  Settings settings;
  bool in_section = false;
  std::string joined;
  for (const std::string_view raw : Split(text, '\n')) {
    if (IsBlankOrComment(raw)) continue;
    const std::string_view line = raw.ends_with('\r') ? raw.substr(0, raw.size() - 1) : raw;
    const size_t last = line.find_last_not_of(" \t");
    if (line[last] == '\\') {
      joined += line.substr(0, last);
      continue;
    }
    joined += line;
    const std::string whole = std::move(joined);
    joined.clear();
    if (whole.starts_with('[')) {
      in_section = true;
      continue;
    }
    const size_t equals = whole.find('=');
    if (in_section || equals == std::string::npos) continue;
    settings[NameOf(std::string_view(whole).substr(0, equals))] =
        ValueOf(std::string_view(whole).substr(equals + 1));
  }
  return settings;
}

std::string EscapeConfValue(std::string_view value) {
  value = value.substr(0, std::min(value.find('\n'), value.size()));
  std::string text = ReplaceAll(value, "#", "\\#");
  if (text.ends_with('\\')) text += " #";  // an empty comment, so that the line is not continued
  return text;
}

}  // namespace silverback::config
