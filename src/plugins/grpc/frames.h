// The frames of gRPC: a byte of flags, the size and the message. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace silverback::plugins {

constexpr uint8_t kTrailerFrame = 0x80;  // of grpc-web

std::string Frame(uint8_t flags, std::string_view message);
// Takes the first whole frame's message off `bytes`.
std::optional<std::string> TakeFrame(std::string& bytes);

}  // namespace silverback::plugins
