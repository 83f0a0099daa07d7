// acme: certificates from an ACME server (RFC 8555), such as Let's Encrypt, for the server names
// that clients ask for: ordered when one is missing, renewed before it ends.
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kAcme;

}  // namespace silverback::plugins
