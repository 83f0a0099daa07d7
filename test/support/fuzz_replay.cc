// Runs a fuzz target over stored inputs, in builds without libFuzzer: every file below the folders
// given as arguments (missing folders are no error), and the empty input.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void Replay(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

}  // namespace

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  const uint8_t nothing = 0;
  LLVMFuzzerTestOneInput(&nothing, 0);
  size_t count = 1;
  for (int i = 1; i < argc; ++i) {
    std::error_code error;
    if (fs::is_regular_file(argv[i], error)) {
      Replay(argv[i]);
      ++count;
      continue;
    }
    fs::recursive_directory_iterator entries(argv[i], error);
    if (error) continue;
    for (const fs::directory_entry& entry : entries) {
      if (!entry.is_regular_file(error)) continue;
      Replay(entry.path());
      ++count;
    }
  }
  std::printf("%zu inputs\n", count);
  return 0;
}
