// file-log: entries as lines of JSON at the end of a file.
// https://docs.konghq.com/hub/kong-inc/file-log/2.8.x
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kFileLog;

}  // namespace silverback::plugins
