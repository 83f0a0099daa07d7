// grpc-web: lets browsers call gRPC services (the protocol grpc-web), also with JSON.
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kGrpcWeb;

}  // namespace silverback::plugins
