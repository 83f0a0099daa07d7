// oauth2: an OAuth 2.0 authorization server (RFC 6749, RFC 7636) and the check of its tokens.
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kOAuth2;

}  // namespace silverback::plugins
