// Writes a target's seeds into a folder, as a corpus for libFuzzer.

#include <cstdio>
#include <fstream>
#include <string>

#include "cpp_server/fuzz/fuzz_target.h"
#include "google/protobuf/stubs/logging.h"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  // Complaints about what is no UTF-8, by the million.
  google::protobuf::SetLogHandler(nullptr);
  // `TARGET --write_seeds=FOLDER` writes and ends; anything else is libFuzzer's.
  const std::string flag = "--write_seeds=";
  if (*argc != 2 || std::string((*argv)[1]).rfind(flag, 0) != 0) return 0;
  const std::string folder = std::string((*argv)[1]).substr(flag.size());
  int number = 0;
  for (const std::string& seed : trilho::FuzzSeeds()) {
    std::ofstream file(folder + "/seed" + std::to_string(number++), std::ios::binary);
    file << seed;
    if (!file.flush()) {
      std::fprintf(stderr, "cannot write into %s\n", folder.c_str());
      std::exit(1);
    }
  }
  std::exit(0);
}
