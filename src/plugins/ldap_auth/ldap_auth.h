// ldap-auth: authenticates clients by binding to an LDAP directory with their credentials.
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kLdapAuth;

}  // namespace silverback::plugins
