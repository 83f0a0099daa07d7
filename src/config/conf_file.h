// The syntax of kong.conf and .kong_env: "name = value" lines. Pure functions; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace silverback::config {

// Settings as written, by name.
using Settings = std::map<std::string, std::string, std::less<>>;

// Lines that start with # or ; are comments, a backslash at the end continues a line, what follows
// a [section] and lines without "=" are left out. In a value a # starts a comment and takes the
// character before it along, \# is a #; quotes have no meaning. Of two lines with one name the
// last counts. Every text is accepted.
Settings ParseConfFile(std::string_view text);

// A value that ParseConfFile gives back unchanged: escapes # and cuts at the end of the first line.
std::string EscapeConfValue(std::string_view value);

}  // namespace silverback::config
