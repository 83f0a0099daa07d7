// Words and lists that the commands of `kong migrations` share. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/migrations.h"

namespace silverback::cli {

extern const std::string_view kNeedsBootstrap;
extern const std::string_view kNewAvailable;
// What to do with a database of a version before 1.0.
std::string TooOld(std::string_view refusal, const std::string& place);

using Names = std::vector<std::string> store::SubsystemState::*;
std::vector<store::MigrationList> Select(const store::MigrationState& state, Names names);
bool Any(const store::MigrationState& state, Names names);
// One line for each subsystem, their names in a column.
std::string Listing(const std::vector<store::MigrationList>& plan);

Error Refused(std::string_view why);

}  // namespace silverback::cli
