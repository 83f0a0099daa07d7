// The keys of the replica's LMDB tables. LMDB takes at most 511 bytes a key, so long values are
// replaced by their digest.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/schema.h"

namespace silverback::replica {

// ENTITY \0 PRIMARY-KEY
std::string RowKey(std::string_view entity, std::string_view primary_key);
// ENTITY \0 FIELD \0 VALUE
std::string UniqueKey(std::string_view entity, std::string_view field, std::string_view value);
// ENTITY \0 FIELD \0 ID \0; with PRIMARY-KEY appended it is one reference
std::string ForeignPrefix(std::string_view entity, std::string_view field, std::string_view id);
// What an entry of the unique table holds: the primary key, and for entities that plugins bring
// (credentials) the row's text too, so that finding one of very many takes one search and not two.
std::string UniqueEntry(const schema::Schema& schema, std::string_view primary_key,
                        std::string_view text);
std::string_view OwnerOf(std::string_view unique_entry);
std::optional<std::string_view> TextOf(std::string_view unique_entry);
// Big-endian generation and running number, so that keys sort by time.
std::string LogKey(uint64_t generation, uint32_t number);
uint64_t GenerationOfLogKey(std::string_view key);

}  // namespace silverback::replica
