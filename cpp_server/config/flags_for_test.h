// A command line for tests.

#ifndef TRILHO_CPP_SERVER_CONFIG_FLAGS_FOR_TEST_H_
#define TRILHO_CPP_SERVER_CONFIG_FLAGS_FOR_TEST_H_

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/config/flags.h"
#include "gtest/gtest.h"

namespace trilho {

// absl's flags belong to the process: what a test sets is taken back here.
class FlagsTest : public ::testing::Test {
 protected:
  ~FlagsTest() override {
    for (const std::string& path : files_) std::remove(path.c_str());
  }

  absl::Status Parse(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "trilho_server");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(&argument[0]);
    const int argc = static_cast<int>(argv.size());
    argv.push_back(nullptr);
    return ParseFlags(argc, argv.data());
  }

  // The path of a file with this text.
  std::string File(const std::string& name, const std::string& text) {
    files_.push_back(absl::StrCat(::testing::TempDir(), "/", name));
    std::ofstream(files_.back(), std::ios::binary) << text;
    return files_.back();
  }

 private:
  absl::FlagSaver saver_;
  std::vector<std::string> files_;
};

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_FLAGS_FOR_TEST_H_
