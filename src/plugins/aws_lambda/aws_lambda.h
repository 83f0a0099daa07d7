// aws-lambda: answers requests by an AWS Lambda function.
#pragma once

#include "plugin/plugin.h"

namespace silverback::plugins {

extern const plugin::PluginType kAwsLambda;

}  // namespace silverback::plugins
