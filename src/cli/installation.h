// Where the files of this installation lie: beside the program that runs (BUILD/bin/kong and
// BUILD/modules), or in an installed tree (PREFIX/bin/kong and PREFIX/lib/silverback/modules).
#pragma once

#include <string>

#include "util/result.h"

namespace silverback::cli {

// The folder with silverback_http.so. Error: kNotFound.
Result<std::string> ModuleFolder();

// nginx, from PATH or the usual places. Error: kNotFound.
Result<std::string> NginxProgram();

}  // namespace silverback::cli
