// The keys of the replica's LMDB tables. LMDB takes at most 511 bytes a key, so long values are
// replaced by their digest.
#pragma once

#include <string>
#include <string_view>

namespace silverback::replica {

// ENTITY \0 PRIMARY-KEY
std::string RowKey(std::string_view entity, std::string_view primary_key);
// ENTITY \0 FIELD \0 VALUE
std::string UniqueKey(std::string_view entity, std::string_view field, std::string_view value);
// ENTITY \0 FIELD \0 ID \0; with PRIMARY-KEY appended it is one reference
std::string ForeignPrefix(std::string_view entity, std::string_view field, std::string_view id);
// Big-endian generation and running number, so that keys sort by time.
std::string LogKey(uint64_t generation, uint32_t number);
uint64_t GenerationOfLogKey(std::string_view key);

}  // namespace silverback::replica
