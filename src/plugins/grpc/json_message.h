// Between JSON and Protobuf messages, as Kong has it: fields by the names of the .proto file,
// numbers as numbers, enumerations by name; what proto3 does not send is there with its default.
#pragma once

#include <google/protobuf/message.h>

#include "util/json.h"
#include "util/result.h"

namespace silverback::plugins {

// Members that the message does not know are left out; texts may stand for numbers.
Status FromJson(const Json& json, google::protobuf::Message& message);
Json ToJson(const google::protobuf::Message& message);

}  // namespace silverback::plugins
