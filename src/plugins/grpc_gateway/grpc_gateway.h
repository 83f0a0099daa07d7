// grpc-gateway: lets REST clients call gRPC services by the HTTP bindings of a .proto file.
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kGrpcGateway;

}  // namespace silverback::plugins
