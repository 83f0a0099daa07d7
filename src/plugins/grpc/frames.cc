#include "plugins/grpc/frames.h"

namespace silverback::plugins {
namespace {

constexpr size_t kHead = 5;

}  // namespace

std::string Frame(uint8_t flags, std::string_view message) {
  std::string frame(1, static_cast<char>(flags));
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(message.size() >> shift);
  return frame.append(message);
}

std::optional<std::string> TakeFrame(std::string& bytes) {
  if (bytes.size() < kHead) return std::nullopt;
  size_t size = 0;
  for (size_t i = 1; i < kHead; ++i) size = size << 8 | static_cast<unsigned char>(bytes[i]);
  if (bytes.size() - kHead < size) return std::nullopt;
  std::string message = bytes.substr(kHead, size);
  bytes.erase(0, kHead + size);
  return message;
}

}  // namespace silverback::plugins
