#include "replica/keys.h"

#include "util/string_util.h"

namespace silverback::replica {
namespace {

constexpr size_t kLongestValue = 300;

std::string Shorten(std::string_view value) {
  if (value.size() <= kLongestValue) return std::string(value);
  return "sha256:" + ToHex(Sha256(value));
}

template <class T>
void AppendBigEndian(std::string& out, T number) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
    out += static_cast<char>(number >> shift & 0xff);
  }
}

}  // namespace

std::string RowKey(std::string_view entity, std::string_view primary_key) {
  std::string key(entity);
  key += '\0';
  return key += Shorten(primary_key);
}

std::string UniqueKey(std::string_view entity, std::string_view field, std::string_view value) {
  std::string key(entity);
  key += '\0';
  key += field;
  key += '\0';
  return key += Shorten(value);
}

std::string ForeignPrefix(std::string_view entity, std::string_view field, std::string_view id) {
  return UniqueKey(entity, field, id) + '\0';
}

std::string UniqueEntry(const schema::Schema& schema, std::string_view primary_key,
                        std::string_view text) {
  std::string entry(primary_key);
  if (!schema.definition().contains("plugin")) return entry;
  return entry.append(1, '\0').append(text);
}

std::string_view OwnerOf(std::string_view unique_entry) {
  return unique_entry.substr(0, unique_entry.find('\0'));
}

std::optional<std::string_view> TextOf(std::string_view unique_entry) {
  const size_t zero = unique_entry.find('\0');
  if (zero == std::string_view::npos) return std::nullopt;
  return unique_entry.substr(zero + 1);
}

std::string LogKey(uint64_t generation, uint32_t number) {
  std::string key;
  AppendBigEndian(key, generation);
  AppendBigEndian(key, number);
  return key;
}

uint64_t GenerationOfLogKey(std::string_view key) {
  uint64_t generation = 0;
  for (size_t i = 0; i < 8 && i < key.size(); ++i) {
    generation = generation << 8 | static_cast<unsigned char>(key[i]);
  }
  return generation;
}

}  // namespace silverback::replica
